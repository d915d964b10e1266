package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profileSeconds is how long one profile takes. What a program does in its last seconds is in none.
const profileSeconds = 2

// profiles makes a program serve profiles, if they are wanted, and returns where; "" when they are not.
func (r *Rig) profiles(ctx context.Context, env map[string]string) (addr string, err error) {
	if r.config.Profiles == "" {
		return "", nil
	}
	if addr, err = freeAddr(ctx); err != nil {
		return "", err
	}
	env["DEBUG_ADDR"] = addr
	return addr, os.MkdirAll(r.config.Profiles, 0o755) //nolint:gosec // no secrets in there
}

// collect takes one CPU profile after another until the scope ends; go tool pprof adds them up.
func (r *Rig) collect(name, addr string) {
	if addr == "" {
		return
	}
	ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // ends with the scope, not with its start
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			path := filepath.Join(r.config.Profiles, fmt.Sprintf("%s-%d.pprof", name, time.Now().UnixNano()))
			if err := profile(ctx, addr, path); err != nil {
				return // a program without profiles, or one that has ended
			}
		}
	}()
	r.later(func(context.Context) error {
		stop()
		<-done
		return nil
	})
}

func profile(ctx context.Context, addr, path string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, profileSeconds)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("profile: %s", response.Status)
	}
	return os.WriteFile(path, raw, 0o600)
}
