package webhook

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problem is an answer in the form of RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"` // what to do

	retryAfter int
}

const retrySeconds = 5

// Everything but a stored event is answered with one of these.
var (
	notSigned = refuse(http.StatusBadRequest, "signature_missing", "The request has no Stripe-Signature header",
		"Only Stripe's signed deliveries are taken here. If a proxy stands in between, let it pass the header on.")
	malformedSignature = refuse(http.StatusBadRequest, "signature_malformed", "The Stripe-Signature header cannot be read",
		"It must look like t=1700000000,v1=5257a8.... If a proxy stands in between, let it pass the header on unchanged.")
	tooOld = refuse(http.StatusBadRequest, "signature_too_old", "The signature is more than 5 minutes old",
		"Old deliveries are refused because they may be replayed. If this one is new, set the clock of this machine right.")
	wrongSignature = refuse(http.StatusBadRequest, "signature_wrong", "The signature does not fit the body",
		"Set STRIPE_WEBHOOK_SECRET to the signing secret of this endpoint (whsec_...; several, with commas, while it is rotated). "+
			"A proxy in between must not change the body.")
	notAnEvent = refuse(http.StatusBadRequest, "not_an_event", "The body is signed, but it is not an event of Stripe",
		"An event is a JSON object with an id and a type.")
	bodyTooLarge = refuse(http.StatusRequestEntityTooLarge, "body_too_large", "The body is larger than 1 MiB",
		"Events of Stripe are much smaller; send nothing else here.")
	bodyUnreadable = refuse(http.StatusBadRequest, "body_unreadable", "The body could not be read to its end",
		"Send it again.")
	unavailable = &problem{
		Type: "about:blank", Title: "The event could not be stored", Status: http.StatusServiceUnavailable, Code: "unavailable",
		Detail: "The database cannot be reached now. Stripe sends the event again by itself.", retryAfter: retrySeconds,
	}
)

func refuse(status int, code, title, detail string) *problem {
	return &problem{Type: "about:blank", Title: title, Status: status, Code: code, Detail: detail}
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller hung up; nobody is left to tell
}
