package main

import (
	"context"

	"github.com/datasync-dev/datasync/e2e/torture/internal/check"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// judge collects everything that is wrong with the quiet cluster.
func (t *torture) judge(ctx context.Context) error {
	t.writers.People.CloseIdle()
	for _, look := range []func(context.Context) ([]oracle.Finding, error){
		t.quiet, t.agreed, t.conflicts, t.traces, t.deadLetters, t.erased, t.bounded, t.leaks,
	} {
		findings, err := look(ctx)
		t.findings = append(t.findings, findings...)
		if err != nil {
			return err
		}
	}
	t.findings = append(t.findings, check.Logs(t.cluster)...)
	for _, text := range append(t.writers.Unexpected(), t.breaker.Failed()...) {
		t.find("%s", text)
	}
	return nil
}

func (t *torture) quiet(ctx context.Context) (findings []oracle.Finding, err error) {
	t.report.QuietCalls, findings, err = t.checker.Quiet(ctx, quiet)
	return findings, err
}

func (t *torture) agreed(ctx context.Context) ([]oracle.Finding, error) {
	findings, counts, err := t.checker.Findings(ctx, t.writers.Records())
	t.report.counts(counts)
	return findings, err
}

func (t *torture) conflicts(ctx context.Context) ([]oracle.Finding, error) {
	var expected []check.Expected
	for _, k := range t.known {
		expected = append(expected, check.Expected{Record: k.Record, Field: k.Field, Catalog: k.Catalog, Stripe: k.Stripe})
	}
	return t.checker.Missing(ctx, expected)
}

func (t *torture) traces(ctx context.Context) ([]oracle.Finding, error) {
	return t.checker.Traces(ctx, t.writers.Records())
}

func (t *torture) deadLetters(ctx context.Context) (findings []oracle.Finding, err error) {
	t.report.DeadLetters, findings, err = t.checker.DeadLetters(ctx, t.breaker.Rubbish())
	return findings, err
}

func (t *torture) erased(ctx context.Context) ([]oracle.Finding, error) {
	return t.checker.Erased(ctx, t.writers.Records())
}

// bounded checks that the connector did not call Stripe more often than the writes and the faults explain.
func (t *torture) bounded(ctx context.Context) ([]oracle.Finding, error) {
	stats, err := t.checker.Stats(ctx)
	if err != nil {
		return nil, err
	}
	t.report.stats(stats)
	accepted := int(t.writers.People.Accepted[drive.AtCatalog].Load() + t.writers.People.Accepted[drive.AtStripe].Load())
	calls := stats.Calls()
	if calls.Writing > accepted+accepted/5+50 {
		t.find("%d writes at Stripe for %d accepted ones: an echo goes round", calls.Writing, accepted)
	}
	if calls.All > 3*accepted+500 {
		t.find("%d calls of Stripe for %d accepted writes", calls.All, accepted)
	}
	return nil, nil
}

func (t *torture) leaks(ctx context.Context) ([]oracle.Finding, error) {
	atEnd, err := t.checker.Resources(ctx)
	t.report.Start, t.report.End = t.atStart, atEnd
	return check.Leaks(t.atStart, atEnd), err
}
