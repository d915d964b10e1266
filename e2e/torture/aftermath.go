package main

import (
	"context"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	aftermathLimit = 3 * time.Minute
	parkedLimit    = 30 * time.Second
	mostLetters    = 100
)

// aftermath lets operators clear up what is left when everything else is at rest: the poison, then a comparison of
// everything, which must find nothing, then the dead letters.
func (t *torture) aftermath(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aftermathLimit)
	defer cancel()
	operator := drive.NewOperator(t.cluster.Connectors)
	if err := t.retryPoison(ctx, operator); err != nil {
		return fmt.Errorf("let the parked be tried again: %w", err)
	}
	if err := t.curePoison(ctx); err != nil {
		return fmt.Errorf("cure the poison: %w", err)
	}
	if err := t.compare(ctx, operator); err != nil {
		return fmt.Errorf("compare everything: %w", err)
	}
	for _, o := range []*drive.Operator{operator, drive.NewOperator(t.cluster.Catalogs)} {
		if err := t.buryRubbish(ctx, o); err != nil {
			return fmt.Errorf("replay and discard dead letters: %w", err)
		}
	}
	return nil
}

// retryPoison lets everything that is parked be tried again, though nothing is better: each costs one call and is parked again.
func (t *torture) retryPoison(ctx context.Context, operator *drive.Operator) error {
	before, err := t.checker.Stats(ctx)
	if err != nil {
		return err
	}
	_, err = operator.Job(ctx, func(c *admin.Client) (admin.Job, error) { return c.Retry(ctx, admin.RetryRequest{All: true}) })
	if err != nil {
		return err
	}
	var refused int
	for end := time.Now().Add(parkedLimit); time.Now().Before(end) && refused < t.poison(); {
		after, err := t.checker.Stats(ctx)
		if err != nil {
			return err
		}
		refused = after.Refused() - before.Refused()
		pause(ctx)
	}
	_, parked := t.checker.Converge(ctx, t.writers.Records(), parkedLimit, t.log)
	after, err := t.checker.Stats(ctx)
	if err != nil {
		return err
	}
	if refused = after.Refused() - before.Refused(); refused != t.poison() || !parked {
		t.find("%d parked customers were tried again: %d calls were refused, parked again: %t", t.poison(), refused, parked)
	}
	return nil
}

// poison is how many customers Stripe refuses.
func (t *torture) poison() (count int) {
	for _, r := range t.writers.Records() {
		if r.Poison {
			count++
		}
	}
	return count
}

// curePoison gives the poison customers a country that exists, which has to bring them back.
func (t *torture) curePoison(ctx context.Context) error {
	for _, s := range t.writers.Subjects {
		if !s.Poison {
			continue
		}
		if err := t.writers.People.WriteInCatalog(ctx, s, record.Patch{"address.country": "DE"}); err != nil {
			return err
		}
		s.Poison = false
	}
	if _, cured := t.checker.Converge(ctx, t.writers.Records(), parkedLimit, t.log); !cured {
		t.find("customers that were parked and are well again did not arrive within %s", parkedLimit)
	}
	findings, _, err := t.checker.Findings(ctx, t.writers.Records())
	t.findings = append(t.findings, findings...)
	return err
}

// pause waits before the next look.
func pause(ctx context.Context) {
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
