package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Reference is the manual of all commands as Markdown.
func Reference() string {
	a := &app{format: "table"}
	root := a.root()
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	adopt(root)
	var page strings.Builder
	fmt.Fprintf(&page, "# datasync, the command line\n\nWritten by the tests from the program itself. `make build` puts it into `bin/`.\n\n%s\n\n", root.Long)
	page.WriteString("## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, info := range exit.Codes() {
		fmt.Fprintf(&page, "| %d | %s |\n", info.Code, info.Meaning)
	}
	page.WriteString("\n## Environment\n\n| variable | meaning |\n|---|---|\n")
	for _, v := range variables() {
		fmt.Fprintf(&page, "| `%s` | %s |\n", v[0], v[1])
	}
	page.WriteString("\n## Flags of every command\n\n")
	flagTable(&page, root.PersistentFlags())
	manual(&page, root)
	return page.String()
}

func variables() [][2]string {
	return [][2]string{
		{connect.EnvURL, "the catalog's URL, like `--url`"},
		{connect.EnvConnectors, "the connectors' URLs with commas, like `--connectors`"},
		{connect.EnvKey, "the API key, or a list of one for each service, such as `catalog=ds_...,stripe=ds_...`, those of connectors in the order of their URLs; `" +
			connect.EnvKeyFile + "` names a file that holds it"},
		{envWebhookSecret, "the secret that signs webhooks, for `webhook` and `doctor`; `" + envWebhookSecret + "_FILE` names a file"},
		{envStripeKey, "Stripe's API key, for `webhook replay evt_...`; `" + envStripeKey + "_FILE` names a file"},
		{envStripeURL, "where Stripe is, if it is the simulator"},
		{"NO_COLOR", "anything: no colours"},
	}
}

// manual describes the commands below one, each after its parent.
func manual(page *strings.Builder, c *cobra.Command) {
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		describe(page, sub)
		if sub.Name() != "completion" { // its own commands only say how each shell loads it
			manual(page, sub)
		}
	}
}

func describe(page *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(page, "\n## %s\n\n", strings.TrimPrefix(c.CommandPath(), "datasync "))
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	page.WriteString(strings.TrimSpace(indented(text)) + "\n")
	if c.Runnable() && (!c.HasSubCommands() || c.Flags().HasAvailableFlags()) {
		fmt.Fprintf(page, "\n    %s\n", c.UseLine())
	}
	if c.Example != "" {
		page.WriteString("\nExamples:\n\n")
		for line := range strings.Lines(c.Example) {
			fmt.Fprintf(page, "    %s\n", strings.TrimSpace(line))
		}
	}
	if c.LocalFlags().HasAvailableFlags() {
		page.WriteString("\n")
		flagTable(page, c.LocalFlags())
	}
}

// indented makes code of lines that are indented in a help text.
func indented(text string) string {
	var out strings.Builder
	code := false
	for line := range strings.Lines(text) {
		is := strings.HasPrefix(line, "  ")
		if is && !code {
			out.WriteString("\n")
		}
		if is {
			line = "    " + strings.TrimLeft(line, " \t")
		}
		code = is
		out.WriteString(strings.ReplaceAll(line, "\t", "    "))
	}
	return out.String()
}

func flagTable(page *strings.Builder, flags *pflag.FlagSet) {
	page.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "`--" + f.Name
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		if kind != "" {
			name += " " + kind
		}
		preset := ""
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
			preset = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(page, "| %s` | %s | %s |\n", name, preset, strings.ReplaceAll(usage, "|", `\|`))
	})
}
