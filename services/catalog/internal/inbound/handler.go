package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// parallel is how many customers of one batch are changed at the same time: their commits then share a flush to disk.
const parallel = 8

// Handler handles the messages of connectors.
type Handler struct {
	db      *gorm.DB
	applier *Applier
	waiters *syncstate.Waiters
	metrics *metrics
	meter   *ledger.Meter
	log     *slog.Logger
}

// NewHandler returns a handler that applies changes with applier, stores sync states in db and wakes waiters.
func NewHandler(db *gorm.DB, applier *Applier, waiters *syncstate.Waiters, o Options) *Handler {
	return &Handler{db: db, applier: applier, waiters: waiters, metrics: newMetrics(o.Metrics), meter: o.Meter, log: o.Log}
}

// delivery is a decoded message.
type delivery struct {
	*rabbitmq.Delivery
	report event.Report
}

// Handle is a rabbitmq.Handler. What can never be handled is marked dead; an error means that the database failed, and
// that the same batch may be handled again.
func (h *Handler) Handle(ctx context.Context, batch []*rabbitmq.Delivery) error {
	changes, states := map[string][]delivery{}, []delivery(nil)
	for _, message := range batch {
		report, err := decode(message.Body)
		switch d := (delivery{message, report}); {
		case err != nil:
			h.bury(ctx, d, err)
		case report.Change != nil:
			changes[report.Change.ID] = append(changes[report.Change.ID], d)
		default:
			states = append(states, d)
		}
	}
	if err := h.applyAll(ctx, changes); err != nil {
		return err
	}
	return h.storeStates(ctx, states)
}

func decode(body []byte) (event.Report, error) {
	report, err := event.DecodeReport(body)
	if err != nil {
		return report, err
	}
	var kind string
	if report.Change != nil {
		kind = report.Change.Kind
	} else {
		kind = report.State.Kind
	}
	if kind != event.KindCustomer {
		return report, fmt.Errorf("%w: the catalog has no records of kind %q", event.ErrUnknownType, kind)
	}
	return report, nil
}

// applyAll applies the changes of different customers side by side, those of one customer in the order they came.
func (h *Handler) applyAll(ctx context.Context, changes map[string][]delivery) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, ofCustomer := range changes {
		group.Go(func() error {
			for _, d := range ofCustomer {
				if err := h.applyOne(ctx, d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (h *Handler) applyOne(ctx context.Context, d delivery) error {
	change := *d.report.Change
	ctx, span := tracing.Start(tracing.Continue(ctx, d.Headers[tracing.Header]), "apply change", tracing.Consumer,
		slog.String("remote", change.Remote), slog.String("record_id", change.ID), slog.Int64("seq", change.Seq))
	defer span.End("")
	outcome, err := h.applier.apply(ctx, change, Message{ID: d.ID, TraceID: tracing.ID(ctx)})
	if refused(err) {
		h.bury(ctx, d, err)
		return nil
	}
	if err != nil {
		return err
	}
	h.metrics.observe(change.Remote, outcome)
	h.meter.Count(ledger.Entries{Changes: []ledger.Change{outcome.Line}})
	h.log.DebugContext(ctx, "change handled",
		slog.String("remote", change.Remote), slog.String("customer_id", change.ID), slog.Int64("seq", change.Seq),
		slog.String("result", string(outcome.Result)), slog.Int64("version", outcome.Next.Version),
		slog.Int("conflicts", len(outcome.Conflicts)))
	return nil
}

// stateSpans begins one for each state: they are stored together, and each belongs to the trace of a write of its own.
func stateSpans(ctx context.Context, deliveries []delivery) []tracing.Span {
	spans := make([]tracing.Span, len(deliveries))
	for i, d := range deliveries {
		_, spans[i] = tracing.Start(tracing.Continue(ctx, d.Headers[tracing.Header]), "store state", tracing.Consumer,
			slog.String("remote", d.report.State.Remote), slog.String("record_id", d.report.State.ID))
	}
	return spans
}

// storeStates stores all states in one statement; only when the database refuses it, one by one, to find the culprit.
func (h *Handler) storeStates(ctx context.Context, deliveries []delivery) error {
	states, ids := make([]event.State, len(deliveries)), make([]uuid.UUID, len(deliveries))
	for i, d := range deliveries {
		states[i], ids[i] = *d.report.State, uuid.MustParse(d.report.State.ID)
	}
	spans := stateSpans(ctx, deliveries)
	err := syncstate.Store(h.db.WithContext(ctx), states)
	for _, span := range spans {
		span.End("")
	}
	if refused(err) && len(deliveries) == 1 {
		h.bury(ctx, deliveries[0], err)
		return nil
	}
	if refused(err) {
		for _, d := range deliveries {
			if err := h.storeStates(ctx, []delivery{d}); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	h.waiters.Wake(ids...)
	return nil
}

// bury marks a message that can never be handled.
func (h *Handler) bury(ctx context.Context, d delivery, err error) {
	d.Dead(err.Error())
	h.metrics.dead.Inc()
	h.log.WarnContext(ctx, "message cannot be handled, moved to the dead letters",
		slog.String("message_id", d.ID), slog.String("routing_key", d.Key), slog.Any("error", err))
}

// refused reports whether the database will never take this data: what is wrong is the message (a NUL character, a
// number out of range), not the database.
func refused(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	const dataException, constraintViolation = "22", "23"
	return pg.SQLState()[:2] == dataException || pg.SQLState()[:2] == constraintViolation
}
