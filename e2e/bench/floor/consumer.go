package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// mark begins the value of metadata[datasync_id], as the connector's mark does.
const mark = "stripe:"

// consume starts the workers, which end with the connection.
func (s *server) consume(ctx context.Context) error {
	arriving, err := s.broker.deliveries(ctx, queue)
	if err != nil {
		return err
	}
	edited, err := s.broker.deliveries(ctx, changes)
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConns: 2 * s.config.Workers, MaxIdleConnsPerHost: 2 * s.config.Workers}
	client := &http.Client{Transport: transport}
	for range s.config.Workers {
		go func() {
			for d := range arriving {
				s.note(s.push(ctx, client, d))
				s.note(d.Ack(false))
			}
		}()
	}
	for range 4 {
		go func() {
			for d := range edited {
				s.note(s.store.update(ctx, d.MessageId, d.Body))
				s.note(d.Ack(false))
			}
		}()
	}
	return nil
}

func (s *server) note(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// push makes the customer at Stripe and stores its id.
func (s *server) push(ctx context.Context, client *http.Client, d amqp.Delivery) error {
	var c customer
	if err := json.Unmarshal(d.Body, &c); err != nil {
		return err
	}
	form := url.Values{"name": {c.Name}, "email": {c.Email}, "phone": {c.Phone}, "metadata[datasync_id]": {mark + c.ID}}
	for key, value := range c.Address {
		form.Set("address["+key+"]", value)
	}
	for key, value := range c.Metadata {
		form.Set("metadata["+key+"]", value)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.StripeURL+"/v1/customers", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+s.config.StripeKey)
	request.Header.Set("Idempotency-Key", "floor-"+c.ID)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var made struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil {
		return fmt.Errorf("stripe answered %s: %w", response.Status, err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil { // so that the connection can be used again
		return err
	}
	s.waiting.finish(c.ID)
	return s.store.link(ctx, c.ID, made.ID)
}
