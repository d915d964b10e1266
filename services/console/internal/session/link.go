package session

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Link is a link that logs in once, kept in a file that only its owner can read: whoever can read it may come in. When
// it is used, another one takes its place. It is safe for concurrent use.
type Link struct {
	file, base string
	mu         sync.Mutex
	token      string
}

// NewLink writes a fresh link below base, the console's own address, into file.
func NewLink(file, base string) (*Link, error) {
	l := &Link{file: file, base: base}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l, l.renew()
}

func (l *Link) renew() error {
	l.token = rand.Text()
	temporary, err := os.CreateTemp(filepath.Dir(l.file), ".login-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the login link: %w", err)
	}
	_, err = fmt.Fprintf(temporary, "%s/login/link?token=%s\n", l.base, l.token)
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temporary.Name(), l.file)
	}
	if err != nil {
		return fmt.Errorf("write the login link: %w", err)
	}
	return nil
}

// Use reports whether token is the one of the link, and replaces it.
func (l *Link) Use(token string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(token), []byte(l.token)) != 1 {
		return false, nil
	}
	return true, l.renew()
}
