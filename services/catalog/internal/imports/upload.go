package imports

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Upload is a file on its way in.
type Upload struct {
	Format    Format
	Delimiter rune     // of CSV; 0: found out
	Key       string   // column that identifies a customer across imports; "": the content does
	Ignore    []string // columns to leave out
	Author    customers.Author
	Body      io.Reader
}

// Unreadable is the error of a file of which nothing can be imported: what is wrong, and what to do, by place.
type Unreadable struct {
	Detail string
	Fields []Problem
}

// Problem is one thing wrong with a file.
type Problem struct {
	Column string
	Detail string
}

// Error implements error.
func (e *Unreadable) Error() string { return "the file cannot be imported: " + e.Detail }

// ErrTooLarge is the error of a file above MaxBytes.
var ErrTooLarge = errors.New("the file is too large")

// chunkSize is how much of a file is in memory at a time.
const chunkSize = 256 << 10

// Store takes a file in and begins the job that imports it. What is wrong with the file as a whole is an *Unreadable or
// ErrTooLarge, and nothing of it is kept.
func Store(ctx context.Context, db *gorm.DB, u Upload) (Import, admin.Job, error) {
	body := bufio.NewReaderSize(u.Body, chunkSize)
	head, err := body.Peek(chunkSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return Import{}, admin.Job{}, err
	}
	file, err := u.inspect(head)
	if err != nil {
		return Import{}, admin.Job{}, err
	}
	if err := db.WithContext(ctx).Create(&file).Error; err != nil {
		return file, admin.Job{}, fmt.Errorf("begin an import: %w", err)
	}
	lines, err := storeChunks(ctx, db, &file, body)
	var job admin.Job
	if err == nil {
		job, err = begin(ctx, db, &file, lines)
	}
	if err != nil { // what was stored of it is of no use, and is deleted later if the database is away now
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		return file, job, errors.Join(err, db.WithContext(cleaning).Exec(`DELETE FROM imports WHERE id = ?`, file.ID).Error)
	}
	return file, job, nil
}

func storeChunks(ctx context.Context, db *gorm.DB, file *Import, body io.Reader) (lines int64, err error) {
	buffer := make([]byte, chunkSize)
	for seq := 0; ; seq++ {
		n, err := io.ReadFull(body, buffer)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return lines, err
		}
		file.Bytes += int64(n)
		if file.Bytes > MaxBytes {
			return lines, ErrTooLarge
		}
		lines += int64(bytes.Count(buffer[:n], []byte("\n")))
		if n > 0 {
			stored := db.WithContext(ctx).Exec(`INSERT INTO import_chunks (import_id, seq, data) VALUES (?, ?, ?)`, file.ID, seq, buffer[:n])
			if stored.Error != nil {
				return lines, fmt.Errorf("store import %s: %w", file.ID, stored.Error)
			}
		}
		if n < chunkSize {
			return lines, nil
		}
	}
}

// arguments are those of the job.
type arguments struct {
	Import uuid.UUID `json:"import"`
}

func begin(ctx context.Context, db *gorm.DB, file *Import, lines int64) (job admin.Job, err error) {
	err = db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		job, err = jobs.Create(tx, jobs.New{Kind: Kind, By: file.Author.Name, Args: arguments{file.ID}, Total: lines})
		if err != nil {
			return err
		}
		id := uuid.MustParse(job.ID)
		file.JobID = &id
		if err := tx.Exec(`UPDATE imports SET job_id = ?, bytes = ? WHERE id = ?`, id, file.Bytes, file.ID).Error; err != nil {
			return err
		}
		return ledger.Audit(tx, admin.AuditEntry{
			Actor: file.Author.Name, Action: "import", Target: job.ID,
			Detail: map[string]any{"format": string(file.Format), "bytes": file.Bytes, "lines": lines},
		})
	})
	if err != nil {
		return job, fmt.Errorf("begin import %s: %w", file.ID, err)
	}
	return job, nil
}
