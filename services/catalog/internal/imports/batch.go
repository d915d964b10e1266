package imports

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// namespace is that of the ids of imported customers.
var namespace = uuid.MustParse("6b1c6f0e-5a53-5d0c-9d5e-0c1f6a6f3b57")

// batch is some rows that are imported in one transaction.
type batch struct {
	file    Import
	rows    []row
	known   map[uuid.UUID]customers.Customer
	fresh   map[uuid.UUID]*customers.Commit
	commits []*customers.Commit // the fresh ones, in their order
	bad     []BadRow
	counts  map[string]int64
}

func newBatch(file Import, rows []row) *batch {
	return &batch{file: file, rows: rows, fresh: map[uuid.UUID]*customers.Commit{}, counts: map[string]int64{}}
}

// idOf is the id of the customer that a row is about: the same one whenever the row is imported.
func (b *batch) idOf(r row) uuid.UUID {
	if b.file.Key != "" {
		return uuid.NewSHA1(namespace, []byte("key\x00"+b.file.Key+"\x00"+r.key))
	}
	return uuid.NewSHA1(namespace, append([]byte("content\x00"), r.edit.Content()...))
}

func (b *batch) run(tx *gorm.DB) (err error) {
	var ids []uuid.UUID
	for _, r := range b.rows {
		if r.bad == "" {
			ids = append(ids, b.idOf(r))
		}
	}
	if b.known, err = customers.LockAll(tx, ids); err != nil {
		return err
	}
	for _, r := range b.rows {
		if err := b.one(tx, r); err != nil {
			return err
		}
	}
	if len(b.commits) > 0 {
		if err := customers.InsertAll(tx, b.commits); err != nil {
			return err
		}
	}
	return addBad(tx, b.file.ID, b.bad)
}

// one imports a row. An error is the database's; what is wrong with the row makes it a bad one.
func (b *batch) one(tx *gorm.DB, r row) error {
	if r.bad != "" {
		b.refuse(r, r.bad)
		return nil
	}
	id := b.idOf(r)
	_, known := b.known[id]
	fresh := b.fresh[id]
	switch {
	case (known || fresh != nil) && b.file.Key == "":
		b.counts[repeated]++
		return nil
	case known:
		return b.update(tx, r, id)
	case fresh != nil:
		return b.amend(r, fresh)
	}
	commit, err := customers.NewCommit(b.file.Author, id, r.edit)
	if err != nil {
		b.refuse(r, reasonOf(err))
		return nil
	}
	commit.Bulk = true
	b.fresh[id] = commit
	b.commits = append(b.commits, commit)
	b.counts[created]++
	return nil
}

// update brings a customer that was imported before to what the row says.
func (b *batch) update(tx *gorm.DB, r row, id uuid.UUID) error {
	before := b.known[id]
	after, err := customers.Patch(tx, b.file.Author, id, nil, r.edit)
	var invalid *customers.Invalid
	switch {
	case errors.As(err, &invalid), errors.Is(err, customers.ErrDeleted), errors.Is(err, customers.ErrErased):
		b.refuse(r, reasonOf(err))
		return nil
	case err != nil:
		return err
	case after.Version == before.Version:
		b.counts[unchanged]++
	default:
		b.counts[updated]++
	}
	b.known[id] = after
	return nil
}

// amend brings a customer that the same transaction makes to what a later row of it says.
func (b *batch) amend(r row, fresh *customers.Commit) error {
	patch, err := r.edit.Patch(fresh.After.Fields)
	if err != nil {
		b.refuse(r, reasonOf(err))
		return nil
	}
	all := record.Patch(fresh.After.Fields.Apply(patch))
	fresh.After = customers.New(fresh.After.ID).Edited(all, time.Now().UTC().Truncate(time.Microsecond))
	b.counts[updated]++
	return nil
}

func (b *batch) refuse(r row, reason string) {
	b.counts[bad]++
	b.bad = append(b.bad, BadRow{Line: r.line, Reason: reason, Source: r.source})
}
