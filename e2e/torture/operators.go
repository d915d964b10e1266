package main

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/check"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// compare lets the connector compare everything with Stripe, which must change nothing and find nothing.
func (t *torture) compare(ctx context.Context, operator *drive.Operator) error {
	before, err := t.checker.Stats(ctx)
	if err != nil {
		return err
	}
	job, err := operator.Job(ctx, func(c *admin.Client) (admin.Job, error) { return c.Reconcile(ctx, admin.ReconcileRequest{}) })
	if err != nil {
		return err
	}
	after, err := t.checker.Stats(ctx)
	if err != nil {
		return err
	}
	t.findings = append(t.findings, compared(job, after.Customers.Live)...)
	if written := after.Calls().Writing - before.Calls().Writing; written > 0 {
		t.find("a comparison that was to repair nothing made %d writes at Stripe", written)
	}
	return nil
}

// compared finds what the report of a comparison should not say.
func compared(job admin.Job, living int) []oracle.Finding {
	r := job.Reconcile
	switch {
	case r == nil:
		return []oracle.Finding{check.Unexpected("a comparison without a report")}
	case int(r.Equal) != living || r.Drifted+r.OnlyRemote+r.OnlyLocal+r.Duplicates+r.Ambiguous+r.Moving > 0 || r.Unreached != "":
		return []oracle.Finding{check.Unexpected("a comparison of %d customers, when all was at rest, says: %+v", living, *r)}
	}
	return nil
}

// buryRubbish sends the dead letters of a service to their queue again, from where they have to come back, each once,
// and then gives them up.
func (t *torture) buryRubbish(ctx context.Context, operator *drive.Operator) error {
	before, err := t.letters(ctx, operator, "")
	if err != nil || len(before) == 0 {
		return err
	}
	_, err = operator.Job(ctx, func(c *admin.Client) (admin.Job, error) { return c.Replay(ctx, admin.ReplayRequest{All: true}) })
	if err != nil {
		return err
	}
	var back []admin.DeadLetter
	for end := time.Now().Add(parkedLimit); time.Now().Before(end) && len(back) < len(before); {
		if back, err = t.letters(ctx, operator, "waiting"); err != nil {
			return err
		}
		pause(ctx)
	}
	all, err := t.letters(ctx, operator, "")
	if err != nil {
		return err
	}
	if len(back) != len(before) || len(all) != len(before) {
		t.find("%d dead letters were replayed, %d came back, now there are %d", len(before), len(back), len(all))
	}
	for _, letter := range back {
		err := operator.Do(ctx, func(c *admin.Client) error { _, err := c.Discard(ctx, letter.ID, "rubbish"); return err })
		if err != nil {
			return err
		}
	}
	if back, err = t.letters(ctx, operator, "waiting"); err == nil && len(back) > 0 {
		t.find("%d dead letters wait though they were discarded", len(back))
	}
	return err
}

// letters are the dead letters of a service in a state; "" is any.
func (t *torture) letters(ctx context.Context, operator *drive.Operator, state string) ([]admin.DeadLetter, error) {
	var list admin.List[admin.DeadLetter]
	err := operator.Do(ctx, func(c *admin.Client) (err error) {
		list, err = c.DeadLetters(ctx, state, admin.Page{Limit: mostLetters})
		return err
	})
	return list.Data, err
}
