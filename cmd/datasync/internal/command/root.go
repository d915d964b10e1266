package command

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

const about = `datasync shows whether customers are the same in the catalog and at Stripe, and if not, why; and it sets things right.

It talks to the services' APIs. Where they are and which API key to use is said by flags, by the environment
(` + connect.EnvURL + `, ` + connect.EnvConnectors + `, ` + connect.EnvKey + ` or ` + connect.EnvKeyFile + `), or found by itself in a clone where
make up or make run is at work. Each service has API keys of its own: one key is shown to all services, and a list
gives each its own: catalog=ds_...,stripe=ds_... Those of several connectors stand in the order of their addresses.

Data goes to stdout, everything else to stderr.`

const defaultTimeout = 30 * time.Second

// root is the whole tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "datasync", Short: "See and steer the sync of customers", Long: about,
		SilenceUsage: true, SilenceErrors: true, DisableAutoGenTag: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.flags.URL, "url", "", "the catalog's `URL` (default "+connect.EnvURL+")")
	flags.StringSliceVar(&a.flags.Connectors, "connectors", nil, "the connectors' `URLs`, with commas (default "+connect.EnvConnectors+")")
	flags.StringVar(&a.flags.KeyFile, "api-key-file", "", "`file` that holds the API key, or a list of them (default "+connect.EnvKey+" or "+connect.EnvKeyFile+")")
	flags.DurationVar(&a.flags.Timeout, "timeout", defaultTimeout, "how long a service may take to answer")
	flags.StringVarP(&a.format, "output", "o", a.format, "`format` of the output: "+strings.Join(output.Formats(), ", "))
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no notes and no progress on stderr")
	flags.BoolVar(&a.noColor, "no-color", false, "no colours (also with the environment variable NO_COLOR)")
	root.AddCommand(a.doctor(), a.status(), a.customers(), a.sync(), a.reconcile(), a.failures(), a.conflicts(), a.deadLetters(), a.workers(),
		a.jobs(), a.webhook(), a.audit(), a.keys(), a.config(), a.migrate(), a.version())
	adopt(root)
	return root
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short}
	g.AddCommand(commands...)
	return g
}

// adopt gives every command the same manners: an unknown command or flag is answered with the nearest.
func adopt(c *cobra.Command) {
	c.SetFlagErrorFunc(flagError)
	if c.HasSubCommands() && c.Run == nil && c.RunE == nil {
		c.Args = cobra.ArbitraryArgs
		c.RunE = unknownCommand
	}
	for _, sub := range c.Commands() {
		adopt(sub)
	}
}
