package events_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/events"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

// account is a simulated Stripe and its feed.
type account struct {
	t    *testing.T
	url  string
	feed *events.Feed
}

func open(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, url: servicetest.Start(t, "stripe-simulator", nil).URL}
	a.feed = events.NewFeed(stripeclient.New(stripeclient.Options{
		Key: "sk_test_feed", URL: a.url, Timeout: time.Minute, Conns: 2, Limiter: ratelimit.New(10_000, 10_000),
	}), testMode())
	return a
}

// control calls the simulator's own API.
func (a *account) control(method, path, body string) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+"/_sim/"+path, bytes.NewBufferString(body))
	require.NoError(a.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(a.t, err)
	answer, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	require.NoError(a.t, response.Body.Close())
	require.Less(a.t, response.StatusCode, 300, string(answer))
}

func (a *account) create(names ...string) {
	a.t.Helper()
	for _, name := range names {
		a.control(http.MethodPost, "customers", `{"name":"`+name+`"}`)
	}
}

// skew puts Stripe's clock ahead of ours. What has happened so far is then older by as much.
func (a *account) skew(d time.Duration) {
	a.t.Helper()
	a.control(http.MethodPatch, "config", fmt.Sprintf(`{"clock_offset_s":%d}`, int(d.Seconds())))
}

// since reads the feed to its end and returns whose customers moved, and where to go on.
func (a *account) since(position string) (names []string, next string) {
	a.t.Helper()
	for from := position; ; {
		page, err := a.feed.Since(a.t.Context(), from)
		require.NoError(a.t, err)
		for _, n := range page.Notices {
			names = append(names, n.Fields["name"])
		}
		if from = page.Next; from == "" {
			return names, page.Position
		}
	}
}

func TestAFeedBeginsNow(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.create("before")
	names, position := a.since("")
	require.Empty(t, names)
	a.create("after")
	names, _ = a.since(position)
	require.Equal(t, []string{"after"}, names)
}

func TestAFeedThatBeginsEmptyMissesNothing(t *testing.T) {
	t.Parallel()
	a := open(t)
	names, position := a.since("")
	require.Empty(t, names)
	require.True(t, strings.HasPrefix(position, "since:"))
	a.skew(-4 * time.Minute) // our clock is ahead of Stripe's
	names, position = a.since(position)
	require.Empty(t, names)
	var want []string
	for i := range 120 { // more than a page
		want = append(want, fmt.Sprint(i))
	}
	a.create(want...)
	names, _ = a.since(position)
	require.Equal(t, want, names)
}

// An account that was empty when the connector came may have had a million events when it looks for the first time.
func TestAFeedThatBeginsEmptyIsReadInPages(t *testing.T) {
	t.Parallel()
	a := open(t)
	_, position := a.since("")
	var want []string
	for minute := range 5 { // events of five minutes
		a.skew(time.Duration(minute) * time.Minute)
		for i := range 70 {
			want = append(want, fmt.Sprint(minute, i))
		}
		a.create(want[len(want)-70:]...)
	}
	page, err := a.feed.Since(t.Context(), position)
	require.NoError(t, err)
	require.LessOrEqual(t, len(page.Notices), 70, "no more than is needed to find the oldest one")
	require.Equal(t, "0 0", page.Notices[0].Fields["name"])
	names, next := a.since(position)
	require.Equal(t, want, names)
	require.NotEqual(t, position, next)
	names, _ = a.since(next)
	require.Equal(t, want[len(want)-len(names):], names)
	require.LessOrEqual(t, len(names), 140, "the settled ones are not read again")
}

func TestAFeedIsReadOldestFirstOverAllPages(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.create("before")
	_, position := a.since("")
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprint(i))
	}
	a.create(want...)
	names, _ := a.since(position)
	require.Equal(t, want, names)
}

func TestYoungEventsAreLookedAtAgainOldOnesAreNot(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.create("before")
	_, position := a.since("")
	a.skew(-time.Hour)
	a.create("old")
	a.skew(0)
	a.create("young")
	names, position := a.since(position)
	require.Equal(t, []string{"old", "young"}, names)
	names, _ = a.since(position)
	require.Equal(t, []string{"young"}, names)
}

func TestStripesClockSaysWhichEventsAreYoung(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		a := open(t)
		a.skew(skew)
		a.create("before")
		_, position := a.since("")
		a.create("young")
		_, next := a.since(position)
		require.Equal(t, position, next, "read again, since an older event may turn up yet")
		a.skew(skew + 2*time.Minute)
		names, next := a.since(next)
		require.Equal(t, []string{"young"}, names)
		names, _ = a.since(next)
		require.Empty(t, names)
	}
}

func TestYoungEventsAreLookedAtAgainHoweverManyPagesTheyFill(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.create("before")
	_, position := a.since("")
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprint(i))
	}
	a.create(want...)
	_, next := a.since(position)
	require.Equal(t, position, next, "nothing is settled yet")
	a.skew(-2 * time.Minute) // an event that turns up late, in the middle of those that were read
	a.create("late")
	names, _ := a.since(next)
	require.Len(t, names, 251)
}

func TestAPositionThatStripeHasForgottenIsTold(t *testing.T) {
	t.Parallel()
	a := open(t)
	for _, position := range []string{"evt_unknown", "since:never"} {
		_, err := a.feed.Since(t.Context(), position)
		require.ErrorIs(t, err, connector.ErrForgotten, position)
	}
}

func TestAnotherFailureIsNotTakenForForgetting(t *testing.T) {
	t.Parallel()
	a := open(t)
	a.control(http.MethodPatch, "config", `{"outage":"503"}`)
	for _, position := range []string{"", "evt_1", "since:1"} {
		_, err := a.feed.Since(t.Context(), position)
		require.Error(t, err)
		require.NotErrorIs(t, err, connector.ErrForgotten)
	}
}
