package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// Scan is what a file holds, before anything of it is sent.
type Scan struct {
	Fingerprint string // of the content and of how it is read: the same file always makes the same requests
	Rows        int64  // with something in them
	Numbers     int64  // the number of the last row
	Bad         []Bad
}

// lookEvery is after how many rows it is told how far the reading is.
const lookEvery = 1000

// Bad is a row that cannot be taken, and why.
type Bad struct {
	Row    int64  `json:"row"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Inspect reads the whole file once. Seen is called now and then with the number of rows so far.
func Inspect(ctx context.Context, o Options, seen func(rows int64)) (scan Scan, err error) {
	sum := sha256.New()
	reader, file, err := open(o, sum)
	if err != nil {
		return Scan{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Scan{}, err
		}
		scan.add(row)
		if row.Number%lookEvery == 0 {
			seen(row.Number)
			if err := ctx.Err(); err != nil {
				return Scan{}, err
			}
		}
	}
	scan.Fingerprint, err = fingerprint(sum, o)
	return scan, err
}

func (s *Scan) add(row Row) {
	s.Numbers = row.Number
	if row.Blank {
		return
	}
	s.Rows++
	if row.Problem != "" {
		s.Bad = append(s.Bad, Bad{row.Number, row.Line, row.Problem})
	}
}

// fingerprint adds to the content how it is read; where the file lies does not matter.
func fingerprint(content hash.Hash, o Options) (string, error) {
	o.Path = ""
	o.Ignore = slices.Sorted(slices.Values(o.Ignore))
	encoded, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode the options: %w", err)
	}
	content.Write(encoded)
	return hex.EncodeToString(content.Sum(nil)), nil
}
