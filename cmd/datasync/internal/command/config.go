package command

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) config() *cobra.Command {
	return group("config", "See how everything is configured", a.configPrint())
}

// setting is one line of a configuration; of this program's own it is known where it comes from.
type setting struct {
	admin.Setting

	Source string `json:"source,omitempty"`
}

func (a *app) configPrint() *cobra.Command {
	var which scope
	var own bool
	cmd := &cobra.Command{
		Use: "print", Short: "Print the effective configuration of the services and of this program, secrets masked", Args: none,
	}
	which.flag(cmd, allServices)
	cmd.Flags().BoolVar(&own, "own", false, "only of this program; asks no service")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		list := output.NewList(p, "Nothing is configured.", of(
			output.Of("name", func(s setting) string { return s.Name }),
			output.Of("value", func(s setting) string { return s.Value }),
			output.Of("default", func(s setting) string { return s.Default }),
			output.Of("source", func(s setting) string { return s.Source }),
			output.Of("secret", func(s setting) string { return strconv.FormatBool(s.Secret) }),
		)...)
		if which.service == "" {
			for _, v := range s.Settings.Values() {
				if err := list.Add(from[setting]{"datasync", setting{admin.Setting{Name: v.Name, Value: v.Value, Secret: v.Secret}, v.Source}}); err != nil {
					return err
				}
			}
		}
		if own {
			return list.Close()
		}
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		return gather(cmd.Context(), services, 0, list, p, func(c connect.Service, _ string, _ int) (page[setting], error) {
			found, err := c.Config(cmd.Context())
			settings := make([]setting, 0, len(found))
			for _, one := range found {
				settings = append(settings, setting{Setting: one})
			}
			return all(settings, err)
		})
	})
	return cmd
}
