package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	charsets "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

const bufferSize = 64 << 10

// Encodings returns the names that Options.Encoding may have.
func Encodings() []string {
	return []string{"utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15"}
}

// open opens the file; what is read from it also goes into tee, byte by byte as it stands there.
func open(o Options, tee io.Writer) (Reader, *os.File, error) {
	file, err := os.Open(o.Path)
	if err != nil {
		return nil, nil, cannotOpen(o.Path, err)
	}
	reader, err := newReader(o, io.TeeReader(file, tee))
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return encoding{reader}, file, nil
}

func cannotOpen(path string, err error) error {
	code := exit.Failed
	if errors.Is(err, os.ErrNotExist) {
		code = exit.NotFound
	}
	if failed, ok := errors.AsType[*os.PathError](err); ok {
		err = failed.Err
	}
	return exit.Wrap(code, err, fmt.Sprintf("%s cannot be opened: %s", path, err), "")
}

func newReader(o Options, r io.Reader) (Reader, error) {
	format := o.Format
	if format == "" {
		format = CSV
		switch strings.ToLower(filepath.Ext(o.Path)) {
		case ".ndjson", ".jsonl", ".json":
			format = NDJSON
		}
	}
	text, err := decode(o, bufio.NewReaderSize(r, bufferSize))
	if err != nil {
		return nil, err
	}
	if format == NDJSON {
		return newLines(o, text)
	}
	return newTable(o, text)
}

// decode returns the file's text as UTF-8 without a byte order mark.
func decode(o Options, r *bufio.Reader) (*bufio.Reader, error) {
	head, err := r.Peek(bufferSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, exit.Wrap(exit.Failed, err, fmt.Sprintf("%s cannot be read: %s", o.Path, err), "")
	}
	if err := recognize(o.Path, head); err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := r.Discard(3)
		return r, err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), o.Encoding == "utf-16":
		return through(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), nil
	case bytes.IndexByte(head, 0) >= 0:
		return nil, exit.New(exit.Failed, o.Path+" is not a text file in UTF-8: it contains zero bytes", "if it is UTF-16, say --encoding utf-16")
	}
	switch o.Encoding {
	case "", "utf-8":
		return r, nil
	case "windows-1252":
		return through(r, charmap.Windows1252), nil
	case "iso-8859-1":
		return through(r, charmap.ISO8859_1), nil
	case "iso-8859-15":
		return through(r, charmap.ISO8859_15), nil
	}
	return nil, exit.New(exit.Usage, fmt.Sprintf("the encoding %q is not known", o.Encoding), "use --encoding with one of "+strings.Join(Encodings(), ", "))
}

func through(r io.Reader, e charsets.Encoding) *bufio.Reader {
	return bufio.NewReaderSize(transform.NewReader(r, e.NewDecoder()), bufferSize)
}

// recognize refuses files of other kinds by how they begin.
func recognize(path string, head []byte) error {
	switch {
	case len(head) == 0:
		return exit.New(exit.Failed, path+" is empty", "")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return exit.New(exit.Failed, path+" is a spreadsheet or an archive", "export it as CSV in UTF-8")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return exit.New(exit.Failed, path+" is compressed", "unpack it with gunzip")
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return exit.New(exit.Failed, path+" is an old spreadsheet", "export it as CSV in UTF-8")
	}
	return nil
}
