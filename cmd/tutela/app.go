package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"tutela/fault"
	"tutela/phrase"
	"tutela/pipeline"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/keys"
)

// globals are the flags that every verb takes.
type globals struct {
	Data  string `help:"${help_data}" env:"TUTELA_DATA" placeholder:"DIR"`
	DB    string `help:"${help_db}" env:"TUTELA_DB" placeholder:"URL"`
	Blobs string `help:"${help_blobs}" env:"TUTELA_BLOBS" placeholder:"URL"`
	Key   string `help:"${help_key}" env:"TUTELA_KEY" placeholder:"FILE"`
	Agent string `help:"${help_agent}" placeholder:"SHA256:…"`
	As    string `help:"${help_as}" env:"TUTELA_OFFICER" placeholder:"NAME"`
	Why   string `help:"${help_why}"`
	JSON  bool   `name:"json" help:"${help_json}"`
	Lang  string `help:"${help_lang}" env:"TUTELA_LANG,LANG"`
}

// app is what a verb works with.
type app struct {
	globals
	ctx   context.Context
	in    io.Reader
	out   io.Writer
	err   io.Writer
	now   func() time.Time
	text  *phrase.Catalog
	print *printer
}

func newApp(ctx context.Context, g globals, in io.Reader, out, errw io.Writer) *app {
	return &app{globals: g, ctx: ctx, in: in, out: out, err: errw, now: time.Now,
		text: phrase.For(g.Lang), print: &printer{out: out, json: g.JSON}}
}

// data returns the data directory.
func (a *app) data() (string, error) {
	if a.Data != "" {
		return filepath.Abs(a.Data)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.New(fault.Invalid, "data directory: %w", err)
	}
	return filepath.Join(home, ".local", "share", "tutela"), nil
}

// keyFile returns the officer's key file: --key, or NAME.key of --as, or key,
// in the user's configuration folder.
func (a *app) keyFile() (string, error) {
	if a.Key != "" {
		return filepath.Abs(a.Key)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.New(fault.Invalid, "key file: %w", err)
	}
	name := "key"
	if a.As != "" {
		if strings.ContainsAny(a.As, `/\`) || strings.HasPrefix(a.As, ".") {
			return "", fault.New(fault.Invalid, "key file: %q is not the name of an officer", a.As)
		}
		name = a.As + ".key"
	}
	return filepath.Join(home, ".config", "tutela", name), nil
}

// actor loads the key that signs this run's acts.
func (a *app) actor() (keys.Private, error) {
	if a.Agent != "" {
		return keys.FromAgent(os.Getenv("SSH_AUTH_SOCK"), a.Agent)
	}
	file, err := a.keyFile()
	if err != nil {
		return nil, err
	}
	pass := os.Getenv("TUTELA_PASSPHRASE")
	key, err := keys.LoadFile(file, pass)
	if err != nil && pass == "" && fault.KindOf(err) == fault.Refused && a.terminal() {
		if pass, err = a.ask(a.text.Text("ask.passphrase", file)); err != nil {
			return nil, err
		}
		key, err = keys.LoadFile(file, pass)
	}
	if fault.KindOf(err) == fault.NotFound || errors.Is(err, os.ErrNotExist) {
		err = fault.Hint(err, a.text.Text("hint.key"))
	}
	return key, err
}

func (a *app) terminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// ask reads a secret from the terminal without showing it.
func (a *app) ask(prompt string) (string, error) {
	io.WriteString(a.err, prompt)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	io.WriteString(a.err, "\n")
	if err != nil {
		return "", fault.New(fault.Outside, "passphrase: %w", err)
	}
	return string(b), nil
}

// options are the vault's options of this run.
func (a *app) options() (vault.Options, error) {
	dir, err := a.data()
	if err != nil {
		return vault.Options{}, err
	}
	key, err := a.actor()
	if err != nil {
		return vault.Options{}, err
	}
	return vault.Options{Data: dir, DB: a.DB, Blobs: a.Blobs, Actor: key, Schemas: pipeline.Schemas()}, nil
}

// open opens the site; the caller closes it.
func (a *app) open() (*vault.Vault, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(a.ctx, o)
	if fault.KindOf(err) == fault.NotFound {
		err = fault.Hint(err, a.text.Text("hint.init"))
	}
	return v, err
}

// with opens the site for one verb and closes it after.
func (a *app) with(verb func(*vault.Vault) error) error {
	v, err := a.open()
	if err != nil {
		return err
	}
	return errors.Join(verb(v), v.Close())
}

// look records a consultation and hands out the read handle.
func (a *app) look(v *vault.Vault, verb, caseID, object, why string) (*db.Reader, error) {
	if a.Why != "" {
		why = a.Why
	}
	return v.Desk.Consult(a.ctx, audit.Act{Class: audit.Consultation, Verb: verb, Case: caseID, Object: object, Why: why})
}

// why is the reason of this run's acts: --why, or the verb's own default.
func (a *app) why(otherwise string) string {
	if a.Why != "" {
		return a.Why
	}
	return otherwise
}
