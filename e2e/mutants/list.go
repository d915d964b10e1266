package main

// mutants are all, each with the tests that have to notice. The words are those of docs/sync-protocol.md.
func mutants() []mutant {
	return append(append(transport(), protocol()...), catalog()...)
}

// transport: nothing accepted is lost on the way.
func transport() []mutant {
	return []mutant{
		{
			name: "ack-before-commit", suite: "pkg/rabbitmq", tests: "^TestConsumeEndsWithItsContext$",
			edits: []edit{{"pkg/rabbitmq/subscription.go", `		if !s.handled(ctx, batch) || !s.buried(ctx, batch) {
			return errLost
		}
		if err := s.ch.Ack(batch[len(batch)-1].tag, true); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
`, `		if err := s.ch.Ack(batch[len(batch)-1].tag, true); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		if !s.handled(ctx, batch) || !s.buried(ctx, batch) {
			return errLost
		}
`}},
		},
		{
			name: "no-mandatory", suite: "pkg/rabbitmq", tests: "^TestPublishTellsWhatHappenedToEachMessage$",
			edits: []edit{{"pkg/rabbitmq/publish_channel.go", `(m.Exchange, m.Key, true, false,`, `(m.Exchange, m.Key, false, false,`}},
		},
		{
			name: "no-returns", suite: "pkg/rabbitmq", tests: "^TestPublishTellsWhatHappenedToEachMessage$",
			edits: []edit{{"pkg/rabbitmq/publish_channel.go", `			errs[i] = ErrUnroutable
`, `			errs[i] = nil
`}},
		},
		{
			name: "delete-without-confirm", short: true, suite: "pkg/outbox", tests: "^TestPartsOfABatchThatFailStay$",
			edits: []edit{{"pkg/outbox/batch.go", `		if err == nil {
			confirmed = append(confirmed, rows[i].ID)
`, `		confirmed = append(confirmed, rows[i].ID)
		if err == nil {
`}},
		},
		{
			name: "cursor-instead-of-delete", suite: "pkg/outbox", tests: "^TestALowerIDThatCommitsLaterIsNotMissed$",
			edits: []edit{
				{"pkg/outbox/relay.go", "	woken     chan struct{}\n", "	woken     chan struct{}\n	cursor int64\n"},
				{"pkg/outbox/batch.go", "    AND (exchange, key) NOT IN", "    AND id > $3 AND (exchange, key) NOT IN"},
				{"pkg/outbox/batch.go", "string(waiting), r.o.Batch)", "string(waiting), r.o.Batch, r.cursor)"},
				{"pkg/outbox/batch.go", "	done.rows = len(rows)\n", "	done.rows = len(rows)\n	for _, row := range rows {\n		r.cursor = row.ID\n	}\n"},
			},
		},
		{
			name: "replays-not-numbered", suite: "pkg/deadletter", tests: "^TestALetterThatComesBackWaitsAgain$",
			edits: []edit{{"pkg/deadletter/intake.go", " AND dead_letters.replays <= EXCLUDED.replays", ""}},
		},
	}
}

// protocol: what the connector does.
func protocol() []mutant {
	return []mutant{
		{
			name: "rotate-key-after-timeout", short: true, suite: "pkg/connector", tests: "^TestOneObjectWhateverGoesWrong$",
			edits: []edit{{"pkg/connector/reconcile.go", `	case !failure.Burnt:
`, `	case !failure.Burnt:
		l.Intent.Key = j.newKey(l.Intent.Version) + "-again"
`}},
		},
		{
			name: "no-healing", suite: "pkg/connector", tests: "^TestAWriteThatLandsAfterANewerOne",
			edits: []edit{{"pkg/connector/protocol.go", `		if l.Desired != nil && l.Desired.Fields[field] != value {
`, `		if l.Desired == nil {
`}},
		},
		{
			name: "no-doubt", suite: "pkg/connector", tests: "^TestAWriteThatLands",
			edits: []edit{{
				"pkg/connector/protocol.go", `	l.Doubt = &doubt{Patch: all, Since: now.UTC()}
`, `	l.Doubt, _ = nil, now
`,
			}},
		},
		{
			name: "overwritten-in-the-order-of-the-calls", suite: "pkg/connector", tests: "^TestOfTwoValuesThatWereOverwritten",
			edits: []edit{{"pkg/connector/overwrite.go", `		return max(o.Push, until+1), p.Taken[o.Field]
`, `		return max(o.Push, min(until, 0)), p.Taken[o.Field]
`}},
		},
		{
			name: "changes-not-cumulative", suite: "pkg/connector", tests: "^TestAChangeRepeats",
			edits: []edit{{"pkg/connector/protocol.go", `	change.Fields = maps.Clone(l.Pending)
`, `	change.Fields = maps.Clone(l.Pending)
	maps.DeleteFunc(change.Fields, func(_ string, in record.Inbound) bool { return in.Seq < l.Seq })
`}},
		},
		{
			name: "no-pending", short: true, suite: "pkg/connector", tests: "^TestAChangeRepeats",
			edits: []edit{{"pkg/connector/protocol.go", `		if inbound.Seq > seen {
			delete(patch, field)
`, `		if inbound.Seq > seen && false {
			delete(patch, field)
`}},
		},
		{
			name: "no-lease-token", short: true, suite: "pkg/connector", tests: "^TestAnOldLeaseWritesNothingBack$",
			edits: []edit{{"pkg/connector/store.go", `
WHERE kind = ? AND local_id = ? AND lease_token = ?`, `
WHERE kind = ? AND local_id = ? AND (lease_token = ? OR true)`}},
		},
		{
			name: "intent-not-committed", suite: "services/stripe-connector/internal/server", tests: "^TestAConnectorKilledDuringACreateMakesOneCustomer$",
			edits: []edit{{"pkg/connector/reconcile.go", `	j.link.Intent = &in
	if err := j.hold(ctx); err != nil {
		return err
	}
`, `	j.link.Intent = &in
`}},
		},
	}
}

// catalog: what the catalog does with what it is told.
func catalog() []mutant {
	const inbound = "services/catalog/internal/inbound"
	return []mutant{
		{
			name: "no-tombstone", short: true, suite: inbound, tests: "^TestADelete",
			edits: []edit{{inbound + "/receive.go", "	case c.Deleted():\n", "	case false:\n"}},
		},
		{
			name: "no-generation", suite: inbound, tests: "^TestAChangeOfAnEarlierGenerationIsIgnored$",
			edits: []edit{{inbound + "/receive.go", "	case change.Generation < c.Generation:\n", "	case false:\n"}},
		},
		{
			name: "no-sequence", short: true, suite: inbound, tests: "^TestADuplicateChangesNothing$",
			edits: []edit{{inbound + "/receive.go", "	case change.Seq <= c.Seen[change.Remote]:\n", "	case false:\n"}},
		},
		{
			name: "no-acknowledgement", suite: inbound, tests: "^TestAChangeThatMovesNothingIsAcknowledgedAllTheSame$",
			edits: []edit{{
				inbound + "/receive.go", "	next, conflicts := merge(c, change, policies)\n	return Outcome{",
				"	next, conflicts := merge(c, change, policies)\n	if len(record.Diff(c.Fields, next.Fields)) == 0 {\n		return Outcome{Result: ResultApplied, Next: next}\n	}\n	return Outcome{",
			}},
		},
		{
			name: "key-outside-transaction", suite: "services/catalog/internal/api", tests: "^TestAWriteThatIsNotCommittedLeavesNoAnswer$",
			edits: []edit{{"services/catalog/internal/api/write.go", "idempotency.Store(tx, *r.key,", "idempotency.Store(r.server.db, *r.key,"}},
		},
	}
}
