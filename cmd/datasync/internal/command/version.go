package command

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// build is which program this is.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: none,
		RunE: func(*cobra.Command, []string) error {
			p, err := a.printer()
			if err != nil {
				return err
			}
			return output.One(p, build{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH},
				output.Of("version", func(b build) string { return b.Version }),
				output.Of("go", func(b build) string { return b.Go }),
				output.Of("platform", func(b build) string { return b.Platform }))
		},
	}
}
