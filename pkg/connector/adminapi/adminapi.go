// Package adminapi is what connectors add to the operators' API: records, failures, control and workers.
package adminapi

import (
	"errors"
	"net/http"

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
}

// refusal turns what the engine refuses into an answer; any other error is returned as it is.
func refusal(err error) error {
	for _, known := range []struct {
		err    error
		status int
		code   string
	}{
		{connector.ErrNoLink, http.StatusNotFound, "record_not_found"},
		{connector.ErrGone, http.StatusNotFound, "remote_object_not_found"},
		{connector.ErrLinked, http.StatusConflict, "already_linked"},
		{connector.ErrBusy, http.StatusConflict, "record_busy"},
		{connector.ErrBadFilter, http.StatusBadRequest, "invalid_parameter"},
		{connector.ErrBadControl, http.StatusUnprocessableEntity, "validation_failed"},
		{connector.ErrNothingSelected, http.StatusUnprocessableEntity, "nothing_selected"},
	} {
		if errors.Is(err, known.err) {
			return adminapi.Refuse(known.status, known.code, detail(known.err, err))
		}
	}
	if failure, ok := errors.AsType[*connector.Error](err); ok {
		return adminapi.Refuse(http.StatusBadGateway, "remote_failed", "The remote could not be asked: "+failure.Reason+".")
	}
	return err
}

// detail is what to tell an operator: these errors have nothing but sentences in them.
func detail(known, err error) string {
	switch known {
	case connector.ErrNoLink:
		return "The connector knows no such record; it may not have heard of it yet."
	case connector.ErrGone:
		return "There is no such object at the remote."
	case connector.ErrBusy:
		return "A call for this record is under way, or has no answer yet; try again in a moment."
	}
	text := err.Error()
	return "It is " + text + "."
}
