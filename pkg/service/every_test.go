package service_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

func TestEveryGoesOnAfterAFailureUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		begin, at := time.Now(), []time.Duration(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Minute)
		defer cancel()
		loop := service.Every("prune", time.Hour, slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) error {
			at = append(at, time.Since(begin))
			if len(at) == 1 {
				return errors.New("the database is away")
			}
			return nil
		})
		require.NoError(t, loop.Run(ctx))
		require.Equal(t, []time.Duration{0, time.Hour, 2 * time.Hour}, at)
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("the database is away")))
	})
}
