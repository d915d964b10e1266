package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"
)

// Session is one log-in. It is safe for concurrent use.
type Session struct {
	User    string
	Role    Role
	CSRF    string // goes into every form, and has to come back
	Expires time.Time

	over atomic.Bool // logged out

	mu    sync.Mutex
	flash Flash
	done  map[string]*once
}

// Over reports whether the session has ended, by its time or by logging out.
func (s *Session) Over() bool { return s.over.Load() || time.Now().After(s.Expires) }

// Flash is something to be said on the next page.
type Flash struct {
	Text string
	Bad  bool
}

// Say leaves a sentence for the next page.
func (s *Session) Say(f Flash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flash = f
}

// Said takes the sentence that was left.
func (s *Session) Said() Flash {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flash
	s.flash = Flash{}
	return f
}

// Genuine reports whether token is the session's own.
func (s *Session) Genuine(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.CSRF)) == 1
}

// Store holds the sessions of a process, in memory: a restart logs everybody out. It is safe for concurrent use.
type Store struct {
	lifetime time.Duration
	mu       sync.Mutex
	sessions map[[sha256.Size]byte]*Session // by the hash of what the cookie holds
}

// NewStore returns a store whose sessions end after lifetime.
func NewStore(lifetime time.Duration) *Store {
	return &Store{lifetime: lifetime, sessions: map[[sha256.Size]byte]*Session{}}
}

// Begin logs somebody in and returns what the cookie has to hold.
func (s *Store) Begin(user string, role Role) (cookie string, begun *Session) {
	begun = &Session{User: user, Role: role, CSRF: rand.Text(), Expires: time.Now().Add(s.lifetime), done: map[string]*once{}}
	cookie = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, old := range s.sessions {
		if old.Over() {
			delete(s.sessions, hash)
		}
	}
	s.sessions[sha256.Sum256([]byte(cookie))] = begun
	return cookie, begun
}

// Find returns the session of a cookie, unless it has ended.
func (s *Store) Find(cookie string) (*Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[sha256.Sum256([]byte(cookie))]
	if !ok || found.Over() {
		return nil, false
	}
	return found, true
}

// End logs out.
func (s *Store) End(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := sha256.Sum256([]byte(cookie))
	if ended, ok := s.sessions[hash]; ok {
		ended.over.Store(true)
		delete(s.sessions, hash)
	}
}
