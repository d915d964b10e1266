package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

func ask(t *testing.T, h http.HandlerFunc, target string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return w.Code, body
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	fine := func(context.Context) error { return nil }
	broken := func(context.Context) error { return errors.New("the cable is out") }
	for name, c := range map[string]struct {
		critical, other func(context.Context) error
		want            int
	}{
		"all is well":           {fine, fine, http.StatusOK},
		"something minor":       {fine, broken, http.StatusOK},
		"something that counts": {broken, fine, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := service.NewHealth()
			h.Check("database", true, c.critical)
			h.Check("remote", false, c.other)
			status, body := ask(t, h.Readyz, "/readyz")
			require.Equal(t, c.want, status)
			require.NotContains(t, body, "checks")
			status, body = ask(t, h.Readyz, "/readyz?verbose")
			require.Equal(t, c.want, status)
			require.Len(t, body["checks"], 2)
			status, _ = ask(t, h.Livez, "/livez")
			require.Equal(t, http.StatusOK, status)
		})
	}
}

func TestVerboseReadinessTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := service.NewHealth()
	h.Check("broker", false, func(context.Context) error { return errors.New("the cable is out") })
	_, body := ask(t, h.Readyz, "/readyz?verbose")
	require.Equal(t, []any{map[string]any{"name": "broker", "status": "failed", "critical": false, "error": "the cable is out"}}, body["checks"])
}

func TestAHangingCheckIsAFailedOne(t *testing.T) {
	t.Parallel()
	h := service.NewHealth()
	h.Check("database", true, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	status, _ := ask(t, h.Readyz, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
}
