package service

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
)

// masked stands for a secret that is set.
const masked = "********"

// Setting is one line of the effective configuration, as the operators' API shows it.
type Setting struct {
	Name    string
	Value   string
	Default string
	Secret  bool
	Doc     string
}

// Settings lists a configuration that Load has read, in the order of its fields, fit to be shown: of a field with the
// tag secret:"true" only whether it is set, of one with secret:"url" all but the password. The tag doc explains it.
func Settings(config any) []Setting {
	value := reflect.Indirect(reflect.ValueOf(config))
	var settings []Setting
	for field, content := range value.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		switch {
		case name != "":
			settings = append(settings, Setting{
				Name: name, Value: shown(field, content), Default: field.Tag.Get("envDefault"),
				Secret: field.Tag.Get("secret") == "true", Doc: field.Tag.Get("doc"),
			})
		case content.Kind() == reflect.Struct:
			settings = append(settings, Settings(content.Interface())...)
		}
	}
	return settings
}

// shown is a value as it may be seen.
func shown(field reflect.StructField, content reflect.Value) string {
	if content.Kind() == reflect.Slice {
		var parts []string
		for i := range content.Len() {
			parts = append(parts, shown(field, content.Index(i)))
		}
		return strings.Join(parts, ",")
	}
	text := fmt.Sprint(content.Interface())
	switch {
	case text == "":
		return ""
	case field.Tag.Get("secret") == "true":
		return mode(text) + masked
	case field.Tag.Get("secret") == "url":
		return withoutPassword(text)
	}
	return text
}

// mode is the beginning of one of Stripe's keys, which is no secret and says whether real customers are meant.
func mode(secret string) string {
	for _, prefix := range []string{"sk_live_", "rk_live_", "sk_test_", "rk_test_"} {
		if strings.HasPrefix(secret, prefix) {
			return prefix
		}
	}
	return ""
}

// withoutPassword masks a URL's password, wherever PostgreSQL and AMQP let one stand. What is no URL may hold one
// anywhere.
func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return masked
	}
	user := ""
	if u.User != nil {
		user = u.User.Username() + "@"
		if _, set := u.User.Password(); set {
			user = u.User.Username() + ":" + masked + "@"
		}
	}
	query := u.Query()
	for _, name := range []string{"password", "sslpassword", "key_file_password"} {
		if query.Has(name) {
			query.Set(name, masked)
		}
	}
	encoded := strings.ReplaceAll(query.Encode(), url.QueryEscape(masked), masked)
	if encoded != "" {
		encoded = "?" + encoded
	}
	return u.Scheme + "://" + user + u.Host + u.EscapedPath() + encoded
}

// Effective is the attribute of a log line that shows the settings.
func Effective(settings []Setting) slog.Attr {
	attrs := make([]any, len(settings))
	for i, s := range settings {
		attrs[i] = slog.String(s.Name, s.Value)
	}
	return slog.Group("config", attrs...)
}
