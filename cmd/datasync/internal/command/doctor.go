package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/doctor"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

const doctorHelp = `Look for everything that keeps an installation from working, and say how to fix it: settings, database, migrations,
broker, topology, API key, the mode of Stripe's key, clocks, and whether the connector takes what the webhook secret
signs and refuses what it does not. Nothing is changed. Exit code 1 says that there is a problem.`

func (a *app) doctor() *cobra.Command {
	var secret string
	cmd := &cobra.Command{Use: "doctor", Short: "Find out what is wrong, and how to fix it", Long: doctorHelp, Args: none}
	cmd.Flags().StringVar(&secret, "secret-file", "", "`file` that holds the secret that signs webhooks (default "+envWebhookSecret+")")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		secrets, err := a.webhookSecrets(secret, s.Settings.Checkout)
		if err != nil && secret != "" {
			return err
		}
		stripe, _, err := a.stripeServer(s.Settings.Checkout)
		if err != nil {
			return err
		}
		list := output.NewList(p, "",
			output.Of("service", func(r doctor.Result) string { return r.Service }),
			output.Of("check", func(r doctor.Result) string { return r.Check }),
			output.State("state", func(r doctor.Result) string { return r.State }),
			output.Of("detail", func(r doctor.Result) string { return r.Detail }),
			output.Of("fix", func(r doctor.Result) string { return r.Fix }))
		problems := 0
		report := list.Add
		if p.Format == output.Table {
			report = func(results ...doctor.Result) error { return sentences(p, results...) }
		}
		d := &doctor.Doctor{Services: s, HTTP: s.HTTP, Secrets: secrets, Stripe: stripe}
		err = d.Examine(cmd.Context(), func(r doctor.Result) error {
			if r.State == doctor.Problem {
				problems++
			}
			return report(r)
		})
		if err == nil && p.Format != output.Table {
			err = list.Close()
		}
		switch {
		case err != nil:
			return err
		case problems == 1:
			return exit.New(exit.Failed, "there is a problem", "")
		case problems > 1:
			return exit.New(exit.Failed, fmt.Sprintf("there are %d problems", problems), "begin with the first: others may follow from it")
		}
		return nil
	})
	return cmd
}

// sentences write results as they come, with the fix below.
func sentences(p *output.Printer, results ...doctor.Result) error {
	for _, r := range results {
		sign, style := "ok", output.Green
		switch r.State {
		case doctor.Problem:
			sign, style = "!!", output.Red
		case doctor.Unknown:
			sign, style = "??", output.Yellow
		}
		if err := p.Print("%s  %-16s %-22s %s", p.Paint(style, sign), r.Service, r.Check, output.Clean(r.Detail)); err != nil {
			return err
		}
		if r.Fix == "" || r.State == doctor.OK {
			continue
		}
		if err := p.Print("    %-39s fix: %s", "", output.Clean(r.Fix)); err != nil {
			return err
		}
	}
	return nil
}
