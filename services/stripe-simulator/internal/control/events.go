package control

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// emit sends an event of any type about any object to the webhook endpoints that want it.
func (a *API) emit(r *http.Request, side *account.Side) (int, any, error) {
	var wanted struct {
		Type   string          `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	if wanted.Type == "" {
		return 0, nil, apierror.Required("type")
	}
	if len(wanted.Object) == 0 {
		wanted.Object = json.RawMessage(`{}`)
	}
	e, err := side.Emit(wanted.Type, wanted.Object)
	return http.StatusCreated, e, err
}

func (a *API) resend(r *http.Request, side *account.Side) (int, any, error) {
	n, ok := side.Resend(r.PathValue("id"))
	if !ok {
		return 0, nil, apierror.Missing("event", r.PathValue("id"))
	}
	return http.StatusOK, map[string]int{"endpoints": n}, nil
}

func (a *API) deliveries(r *http.Request, side *account.Side) (int, any, error) {
	return http.StatusOK, map[string]any{"data": side.Deliveries(r.PathValue("id"))}, nil
}

func (a *API) rotateSecret(r *http.Request, side *account.Side) (int, any, error) {
	wanted := struct {
		Secret   string `json:"secret"`
		OverlapS int    `json:"overlap_s"`
	}{OverlapS: 24 * 3600}
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	secret, err := side.RotateSecret(r.PathValue("id"), wanted.Secret, time.Duration(wanted.OverlapS)*time.Second)
	return http.StatusOK, map[string]string{"secret": secret}, err
}
