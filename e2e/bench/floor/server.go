package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"
)

type server struct {
	config  Config
	store   *store
	broker  *broker
	waiting *waiting
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/customers", s.create)
	mux.HandleFunc("GET /v1/customers/{id}", s.get)
	mux.HandleFunc("POST /webhooks/stripe", s.webhook)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return mux
}

// customer is what it takes to make one at Stripe.
type customer struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Email    string            `json:"email"`
	Phone    string            `json:"phone"`
	Address  map[string]string `json:"address"`
	Metadata map[string]string `json:"metadata"`
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	var c customer
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.ID = uuid.Must(uuid.NewV7()).String()
	body, err := json.Marshal(c)
	if err == nil {
		err = s.store.insert(r.Context(), c.ID, body)
	}
	var done <-chan struct{}
	if r.Header.Get("Prefer") != "" {
		done = s.waiting.add(c.ID)
	}
	if err == nil {
		err = s.broker.publish(r.Context(), queue, c.ID, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if done != nil {
		<-done
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

func (s *server) get(w http.ResponseWriter, r *http.Request) {
	body, err := s.store.get(r.Context(), r.PathValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

// webhook checks the signature, stores the event's id and hands the customer on, if there is one to be found.
func (s *server) webhook(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || !s.signed(r.Header.Get("Stripe-Signature"), raw) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var e struct {
		ID, Type string
		Data     struct{ Object customer }
	}
	if err = json.Unmarshal(raw, &e); err == nil {
		err = s.store.remember(r.Context(), e.ID, e.Type)
	}
	c := e.Data.Object
	id, ours := strings.CutPrefix(c.Metadata["datasync_id"], mark)
	if err == nil && ours && s.config.Workers > 0 {
		c.ID = id
		var body []byte
		if body, err = json.Marshal(c); err == nil {
			err = s.broker.publish(r.Context(), changes, id, body)
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (s *server) signed(header string, body []byte) bool {
	at, rest, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(s.config.WebhookSecret))
	_, _ = io.WriteString(mac, at+".")
	_, _ = mac.Write(body)
	want, err := hex.DecodeString(rest)
	return err == nil && hmac.Equal(mac.Sum(nil), want)
}

// waiting holds the requests that wait for Stripe.
type waiting struct{ done sync.Map }

func (w *waiting) add(id string) <-chan struct{} {
	done := make(chan struct{})
	w.done.Store(id, done)
	return done
}

func (w *waiting) finish(id string) {
	if done, ok := w.done.LoadAndDelete(id); ok {
		if c, ok := done.(chan struct{}); ok {
			close(c)
		}
	}
}
