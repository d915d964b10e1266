package connector_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestNoticesThatArriveTogetherAreEachStoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	known, stranger := b.remote.Add(record.Fields{"name": "Ada"}), b.remote.Add(record.Fields{"name": "Grace"})
	require.NoError(t, b.engine.Notify(t.Context(), connector.Notice{EventID: "first", RemoteID: known}))
	b.work()
	b.sent()
	const events = 40
	var all sync.WaitGroup
	for i := range 4 * events { // each event comes twice, at two replicas; half of them are about the stranger
		engine := b.engine
		if i%2 == 1 {
			engine = b.newEngine()
		}
		notice := connector.Notice{EventID: fmt.Sprint(i / 4), RemoteID: []string{known, stranger}[i/4%2]}
		all.Go(func() { assert.NoError(t, engine.Notify(t.Context(), notice)) })
	}
	all.Wait()
	require.Len(t, b.inbox(), events+1)
	var checks []int64
	require.NoError(t, b.db.Raw(`SELECT checks FROM links WHERE remote_id = ?`, known).Scan(&checks).Error)
	require.Equal(t, []int64{1 + events/2}, checks)
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 1, "the known object has not moved, the stranger is new")
	require.Equal(t, stranger, changes[0].RemoteID)
}

func TestSeveralOverwrittenValuesOfOneRecordAreAllKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	var pushes []connector.Notice
	for _, field := range []string{"name", "phone"} {
		b.remote.Edit(object.ID, record.Patch{field: "theirs"})
		s = next(s, record.Patch{field: "ours"})
		b.deliver(s)
		b.work()
		pushes = append(pushes, b.notices[len(b.notices)-1])
	}
	b.sent()
	var all sync.WaitGroup
	for _, n := range pushes {
		all.Go(func() { assert.NoError(t, b.engine.Notify(t.Context(), n)) })
	}
	all.Wait()
	b.work()
	changes, _ := b.sent()
	require.Equal(t, map[string]string{"name": "theirs@1", "phone": "theirs@2"}, values(changes[len(changes)-1]))
}
