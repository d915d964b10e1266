// Package adminapi is what connectors add to the operators' API: records, failures, control, workers and reconciles.
package adminapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/connector"
)

// Options say whose API it is. Engine is required.
type Options struct {
	Engine    *connector.Engine
	RemoteURL func(remoteID string) string // optional: an object's page in the remote's own dashboard
}

// server answers the operations.
type server struct {
	Options
	api *adminapi.API
}

// Register adds the connector's operations to the API.
func Register(api *adminapi.API, o Options) {
	s := &server{Options: o, api: api}
	s.registerLinks()
	s.registerActions()
	s.registerFailures()
	s.registerControl()
	s.registerReconciles()
}

// refusal turns what the engine refuses into an answer; any other error is returned as it is.
func refusal(err error) error {
	for _, known := range []struct {
		err    error
		status int
		code   string
		detail string // "": what the error says, which is meant for people
	}{
		{connector.ErrNoLink, http.StatusNotFound, "record_not_found", "The connector knows no such record; it may not have heard of it yet."},
		{connector.ErrGone, http.StatusNotFound, "remote_object_not_found", "There is no such object at the remote."},
		{connector.ErrErased, http.StatusConflict, "record_erased", ""},
		{connector.ErrLinked, http.StatusConflict, "already_linked", ""},
		{connector.ErrBusy, http.StatusConflict, "record_busy", "A call for this record is under way, or has no answer yet; try again in a moment."},
		{connector.ErrBadFilter, http.StatusBadRequest, "invalid_parameter", ""},
		{connector.ErrBadControl, http.StatusUnprocessableEntity, "validation_failed", ""},
		{connector.ErrNothingSelected, http.StatusUnprocessableEntity, "nothing_selected", ""},
		{connector.ErrNothingParked, http.StatusNotFound, "nothing_parked", ""},
	} {
		if !errors.Is(err, known.err) {
			continue
		}
		if known.detail == "" {
			text := err.Error()
			known.detail = strings.ToUpper(text[:1]) + text[1:] + "."
		}
		return adminapi.Refuse(known.status, known.code, known.detail)
	}
	if failure, ok := errors.AsType[*connector.Error](err); ok {
		return adminapi.Refuse(http.StatusBadGateway, "remote_failed", "The remote could not be asked: "+failure.Reason+".")
	}
	return err
}
