package auth

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// Prepare makes sure that there is a key to begin with: bootstrap, the operator's, with every scope; or, if that is empty,
// one that is made at the very first start and shown on stdout this once. It waits for a database that is away.
func (k *Keys) Prepare(ctx context.Context, bootstrap string, log *slog.Logger, stdout io.Writer) error {
	if bootstrap != "" {
		return postgres.Await(ctx, log, func() error { return k.Ensure(ctx, bootstrap, "bootstrap", AllScopes()) })
	}
	secret, err := k.First(ctx)
	if err != nil || secret == "" {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "\nThe first API key, shown only this once:\n\n    %s\n\n", secret); err != nil {
		return fmt.Errorf("show the first API key: %w", err)
	}
	return nil
}
