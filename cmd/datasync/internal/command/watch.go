package command

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// home puts the terminal's cursor back to the top; what was there is overwritten line by line, so that nothing flickers.
const (
	home      = "\x1b[H"
	restOfRow = "\x1b[K"
	below     = "\x1b[J"
)

// watch shows something again and again until ctx ends, which is no failure. On a terminal the new picture takes the
// place of the old one.
func (a *app) watch(ctx context.Context, every time.Duration, p *output.Printer, show func(*output.Printer) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		var picture bytes.Buffer
		once := *p
		once.Out = &picture
		err := show(&once)
		if ctx.Err() != nil {
			return nil
		}
		text := picture.String()
		if err != nil && exit.CodeOf(err) == exit.Auth {
			return err
		}
		if a.env.OutTerminal && p.Format == output.Table {
			text = home + strings.ReplaceAll(text, "\n", restOfRow+"\n") + below
		}
		if err := p.Print("%s", strings.TrimSuffix(text, "\n")); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
