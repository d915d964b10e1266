package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Head is the first line of a journal: which import it is of.
type Head struct {
	Version     int       `json:"version"`
	Fingerprint string    `json:"fingerprint"`
	Catalog     string    `json:"catalog"`
	StartedAt   time.Time `json:"started_at"`
}

const journalVersion = 1

// entry is one of the lines that follow: a chunk that is done, or a mark that the import stopped with nothing in the air.
type entry struct {
	At      time.Time `json:"at"`
	Chunk   *int64    `json:"chunk,omitempty"`
	Created int64     `json:"created,omitempty"`
	Before  int64     `json:"before,omitempty"` // rows that an earlier run had created already
	Bad     []Bad     `json:"bad,omitempty"`
	Clean   bool      `json:"clean,omitempty"`
	Errors  *written  `json:"errors,omitempty"`
}

// written is a file as this program left it.
type written struct {
	Path string `json:"path"`
	Sum  string `json:"sha256"`
}

// Journal is the state of an import in a file: lines are only ever added, so that a crash loses at most what was in the
// air. It is locked as long as it is open.
type Journal struct {
	Head Head
	Sum  Sum

	file   *os.File // nil: nothing is kept
	done   map[int64]bool
	clean  bool
	last   time.Time
	errors map[string]string // the error files that were written, with their checksums
}

// Sum is how far an import is.
type Sum struct {
	Created int64
	Before  int64
	Bad     []Bad
	Chunks  int64
}

// Unkept returns a journal that is in no file.
func Unkept() *Journal { return &Journal{done: map[int64]bool{}, errors: map[string]string{}} }

// OpenJournal opens or begins the journal at path.
func OpenJournal(path string, head Head) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, exit.Wrap(exit.Failed, err, "the state of the import cannot be kept: "+err.Error(), "name another place with --state")
	}
	j := &Journal{file: file, done: map[int64]bool{}, clean: true, errors: map[string]string{}}
	if err := j.begin(path, head); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

func (j *Journal) begin(path string, head Head) error {
	if err := lock(j.file); err != nil {
		return exit.Wrap(exit.Conflict, err, "the file is being imported already by another process", "wait for it, or stop it")
	}
	found, err := j.read()
	if err != nil {
		return exit.Wrap(exit.Failed, err, path+" is not the state of an import", "name another place with --state")
	}
	if !found {
		return j.start(head)
	}
	other := j.Head.Fingerprint != head.Fingerprint || j.Head.Catalog != head.Catalog
	if other && j.Head.Version == journalVersion && j.fruitless() {
		if err := j.file.Truncate(0); err != nil {
			return exit.Wrap(exit.Failed, err, "the state of the import cannot be kept: "+err.Error(), "name another place with --state")
		}
		j.Sum, j.done = Sum{}, map[int64]bool{}
		return j.start(head)
	}
	return j.check(path, head)
}

func (j *Journal) start(head Head) error {
	head.Version, head.StartedAt = journalVersion, time.Now().UTC()
	j.Head = head
	return j.write(head)
}

// fruitless reports whether it is sure that no row was imported: none is noted, and nothing was in the air at the end. Only then the
// file may be read in another way, or be another: rows that were created would be created twice.
func (j *Journal) fruitless() bool {
	return j.Sum.Created+j.Sum.Before == 0 && j.clean && !j.last.IsZero()
}

// check compares the journal with the import that is asked for.
func (j *Journal) check(path string, head Head) error {
	started := j.Sum.Created + j.Sum.Before
	switch {
	case j.Head.Version != journalVersion:
		return exit.New(exit.Failed, path+" was written by another version of this program", "finish the import with that version, or name another place with --state")
	case j.Head.Catalog != head.Catalog:
		return exit.New(exit.Conflict, fmt.Sprintf("%s says that this file was being imported into %s", path, j.Head.Catalog),
			"name another place with --state to import it into "+head.Catalog+" too")
	case j.Head.Fingerprint != head.Fingerprint && started == 0:
		return exit.New(exit.Conflict, "the file, or the way to read it, changed since its import was broken off, and some of its rows may have been created without a note of it",
			"look for its customers with datasync customers list; if there are none, remove "+path+" and import it again")
	case j.Head.Fingerprint != head.Fingerprint:
		return exit.New(exit.Conflict, fmt.Sprintf("the file, or the way to read it, changed since %d of its rows were imported, and importing it again would create those twice", started),
			"import only what is new: put it into a file of its own, or correct the error file and import that; if it really is another file, remove "+path)
	}
	return nil
}

// read takes in what is there; a last line that was cut off counts as not written.
func (j *Journal) read() (found bool, err error) {
	r := bufio.NewReader(j.file)
	var whole int64
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return found, err
		}
		if err := j.take(line, !found); err != nil {
			return found, err
		}
		found = true
		whole += int64(len(line))
	}
	return found, j.file.Truncate(whole)
}

func (j *Journal) take(line []byte, first bool) error {
	if first {
		return json.Unmarshal(line, &j.Head)
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if e.Errors != nil {
		j.errors[e.Errors.Path] = e.Errors.Sum
		return nil
	}
	j.last, j.clean = e.At, e.Clean
	j.count(e)
	return nil
}

func (j *Journal) count(e entry) {
	if e.Chunk == nil || j.done[*e.Chunk] {
		return
	}
	j.done[*e.Chunk] = true
	j.Sum.Chunks++
	j.Sum.Created += e.Created
	j.Sum.Before += e.Before
	j.Sum.Bad = append(j.Sum.Bad, e.Bad...)
}

// Done reports whether a chunk was finished in this or an earlier run.
func (j *Journal) Done(chunk int64) bool { return j.done[chunk] }

// Add notes that a chunk is done.
func (j *Journal) Add(e entry) error {
	e.At = time.Now().UTC()
	j.count(e)
	return j.write(e)
}

// Rest notes that the import has stopped with nothing in the air.
func (j *Journal) Rest() error { return j.write(entry{At: time.Now().UTC(), Clean: true}) }

// Close lets others at the journal.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close())
}

// Uncertain reports whether rows may have been sent so long ago, without their outcome being known, that the catalog
// has forgotten them: sending them again could create them twice.
func (j *Journal) Uncertain(now time.Time) bool {
	return !j.clean && now.Sub(j.last) > remembered
}

// remembered is how long the catalog surely knows an Idempotency-Key: a day, and some room for clocks.
const remembered = 23 * time.Hour

func (j *Journal) write(line any) error {
	if j.file == nil {
		return nil
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("note the state of the import: %w", err)
	}
	if _, err := j.file.Write(append(encoded, '\n')); err != nil {
		return fmt.Errorf("note the state of the import: %w", err)
	}
	return nil
}
