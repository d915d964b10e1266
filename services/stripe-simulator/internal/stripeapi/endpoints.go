package stripeapi

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

var eventType = regexp.MustCompile(`^(\*|[a-z0-9_]+(\.[a-z0-9_]+)+)$`)

func (s *Server) createEndpoint(c *call) (execute, error) {
	edit := c.endpointEdit()
	for _, name := range []string{"url", "enabled_events"} {
		if !c.params.Has(name) {
			c.params.Fail(apierror.Required(name))
		}
	}
	if version := c.params.Text("api_version", 5000); version != nil {
		edit.APIVersion = *version
		if *version != "" && !versionPattern.MatchString(*version) {
			c.params.Fail(apierror.Invalid("api_version", "Invalid api_version: %s", *version))
		}
	}
	c.params.Ignore("connect")
	return func() ([]byte, error) {
		endpoint, secret, err := c.side.CreateEndpoint(edit)
		if err != nil {
			return nil, err
		}
		body, err := render(endpoint)
		if err != nil {
			return nil, err
		}
		return splice(body, "secret", strconv.AppendQuote(nil, secret)), nil
	}, c.params.Done()
}

func (s *Server) updateEndpoint(c *call) (execute, error) {
	edit := c.endpointEdit()
	edit.Disabled = c.params.Bool("disabled")
	return func() ([]byte, error) {
		endpoint, err := c.side.UpdateEndpoint(c.id, edit)
		if err != nil {
			return nil, err
		}
		return render(endpoint)
	}, c.params.Done()
}

func (s *Server) retrieveEndpoint(c *call) (execute, error) {
	return func() ([]byte, error) {
		endpoint, err := c.side.Endpoint(c.id)
		if err != nil {
			return nil, err
		}
		return render(endpoint)
	}, c.params.Done()
}

func (s *Server) listEndpoints(c *call) (execute, error) {
	within := rangeOf(c.params, "webhook endpoint", c.side.EndpointPosition)
	return func() ([]byte, error) {
		return listOf("/v1/webhook_endpoints", c.side.Endpoints(within))
	}, c.params.Done()
}

func (s *Server) deleteEndpoint(c *call) (execute, error) {
	return func() ([]byte, error) {
		if err := c.side.DeleteEndpoint(c.id); err != nil {
			return nil, err
		}
		return fmt.Appendf(nil, `{"id":%q,"object":"webhook_endpoint","deleted":true}`, c.id), nil
	}, c.params.Done()
}

// endpointEdit reads what creation and update have in common.
func (c *call) endpointEdit() account.EndpointEdit {
	edit := account.EndpointEdit{
		URL: c.params.Text("url", 5000), Description: c.params.Text("description", 5000), Metadata: metadataEdit(c.params),
	}
	if edit.URL != nil {
		if u, err := url.Parse(*edit.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			c.params.Fail(apierror.Coded(400, "url_invalid", "url", "Invalid URL: it must be a complete http or https URL."))
		}
	}
	types, sent := c.params.List("enabled_events", 5000)
	if !sent {
		return edit
	}
	edit.EnabledEvents = types
	if len(types) == 0 {
		c.params.Fail(apierror.Empty("enabled_events"))
	}
	for i, one := range types {
		if !eventType.MatchString(one) {
			param := fmt.Sprintf("enabled_events[%d]", i)
			c.params.Fail(apierror.Invalid(param, "Invalid %s: must be * or the name of an event type, such as customer.created", param))
		}
	}
	return edit
}
