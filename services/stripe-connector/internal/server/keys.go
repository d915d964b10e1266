package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/postgres"
)

// prepareKeys makes sure that there is a key to begin with: the operator's, or one that is made at the very first start
// and shown on stdout this once.
func prepareKeys(ctx context.Context, keys *auth.Keys, bootstrap string, log *slog.Logger, stdout io.Writer) error {
	if bootstrap != "" {
		return postgres.Await(ctx, log, func() error { return keys.Ensure(ctx, bootstrap, "bootstrap", auth.AllScopes()) })
	}
	secret, err := keys.First(ctx)
	if err != nil || secret == "" {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\nThe first API key, shown only this once:\n\n    %s\n\n", secret)
	if err != nil {
		return fmt.Errorf("show the first API key: %w", err)
	}
	return nil
}
