package deadletter

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// Prefetch is how many letters Intake.Handle is well served with at once.
const Prefetch = 32

// Intake stores what arrives in a dead-letter queue.
type Intake struct {
	db     *gorm.DB
	stored *prometheus.CounterVec
}

// NewIntake returns an intake for db, which has been migrated with Migrations. registerer may be nil.
func NewIntake(db *gorm.DB, registerer prometheus.Registerer) *Intake {
	in := &Intake{db: db, stored: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "datasync_dead_letters_total", Help: "Messages that could not be handled and wait for an operator, by queue.",
	}, []string{"queue"})}
	if registerer != nil {
		registerer.MustRegister(in.stored)
	}
	return in
}

// storeSQL stores a letter once. One that was replayed and is dead again waits again; where it first came from stays.
const storeSQL = `
INSERT INTO dead_letters (id, queue, exchange, key, message_id, digest, reason, headers, body, message_time, replays)
VALUES (@ID, @Queue, @Exchange, @Key, @MessageID, @Digest, @Reason, @Headers, @Body, @MessageTime, @Replays)
ON CONFLICT (queue, message_id, digest) DO UPDATE
SET state = 'waiting', at = now(), reason = EXCLUDED.reason, settled_at = NULL, settled_by = '', settled_for = ''
WHERE dead_letters.state = 'replayed' AND NOT dead_letters.erased AND dead_letters.replays <= EXCLUDED.replays`

// Handle is the rabbitmq.Handler of a dead-letter queue. It takes every message, whatever is in it; an error means that
// the database failed and that the batch has to be kept.
func (in *Intake) Handle(ctx context.Context, batch []*rabbitmq.Delivery) error {
	added := map[string]float64{}
	err := in.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, d := range batch {
			l, err := newLetter(d)
			if err != nil {
				return err
			}
			result := tx.Exec(storeSQL, l)
			if result.Error != nil {
				return result.Error
			}
			added[l.Queue] += float64(result.RowsAffected)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	for queue, count := range added {
		in.stored.WithLabelValues(queue).Add(count)
	}
	return nil
}
