package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const answerTimeout = 40 * time.Second

// Request is one request in HTTP/1.1's own words.
type Request []byte

// NewRequest writes a request. headers are pairs of name and value.
func NewRequest(method, host, path string, body []byte, headers ...string) Request {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", method, path, host, len(body))
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// conn is one kept connection.
type conn struct {
	socket net.Conn
	in     *bufio.Reader
	body   []byte // of the last answer; reused
}

func dial(ctx context.Context, addr string) (*conn, error) {
	socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{socket: socket, in: bufio.NewReaderSize(socket, 16<<10)}, nil
}

// do makes a request and returns the status and the body of its answer, which the next call overwrites.
func (c *conn) do(r Request) (status int, body []byte, err error) {
	if err := c.socket.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, nil, err
	}
	if _, err := c.socket.Write(r); err != nil {
		return 0, nil, err
	}
	line, err := c.line()
	if err != nil || len(line) < len("HTTP/1.1 200") {
		return 0, nil, errors.Join(errors.New("no answer"), err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, chunked, err := c.headers()
	if err != nil {
		return status, nil, err
	}
	if chunked {
		return status, c.body, c.chunks()
	}
	return status, c.body, c.read(length)
}

func (c *conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

func (c *conn) headers() (length int, chunked bool, err error) {
	c.body = c.body[:0]
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return length, chunked, err
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
}

// read appends so many bytes to the body.
func (c *conn) read(length int) error {
	from := len(c.body)
	for cap(c.body) < from+length {
		c.body = append(c.body[:cap(c.body)], 0)
	}
	c.body = c.body[:from+length]
	_, err := io.ReadFull(c.in, c.body[from:])
	return err
}

func (c *conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		length, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return err
		}
		if err := c.read(int(length)); err != nil {
			return err
		}
		if _, err := c.line(); err != nil || length == 0 {
			return err
		}
	}
}
