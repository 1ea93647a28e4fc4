package main

import (
	"context"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"tutela/external/contain"
	"tutela/fault"
	"tutela/phrase"
	"tutela/pipeline"
)

// cli is every verb; each has a file of its own.
type cli struct {
	globals `embed:""`

	Init    initVerb    `cmd:"" help:"${help_init}"`
	Officer officerVerb `cmd:"" help:"${help_officer}"`
	Case    caseVerb    `cmd:"" help:"${help_case}"`

	Authorise   authoriseVerb   `cmd:"" help:"${help_authorise}"`
	Ingest      ingestVerb      `cmd:"" help:"${help_ingest}"`
	Work        workVerb        `cmd:"" help:"${help_work}"`
	Catchup     catchupVerb     `cmd:"" help:"${help_catchup}"`
	Status      statusVerb      `cmd:"" help:"${help_status}"`
	Findings    findingsVerb    `cmd:"" help:"${help_findings}"`
	Matches     matchesVerb     `cmd:"" help:"${help_matches}"`
	Groups      groupsVerb      `cmd:"" help:"${help_groups}"`
	Identifiers identifiersVerb `cmd:"" help:"${help_identifiers}"`
	Countries   countriesVerb   `cmd:"" help:"${help_countries}"`

	Exhibit  exhibitVerb  `cmd:"" help:"${help_exhibit}"`
	Items    itemsVerb    `cmd:"" help:"${help_items}"`
	Tip      tipVerb      `cmd:"" help:"${help_tip}"`
	Mark     markVerb     `cmd:"" help:"${help_mark}"`
	Person   personVerb   `cmd:"" help:"${help_person}"`
	Assign   assignVerb   `cmd:"" help:"${help_assign}"`
	Erase    eraseVerb    `cmd:"" help:"${help_erase}"`
	Hashlist hashlistVerb `cmd:"" help:"${help_hashlist}"`
	Agency   agencyVerb   `cmd:"" help:"${help_agency}"`
	Key      keyVerb      `cmd:"" help:"${help_keys}"`
	Backup   backupVerb   `cmd:"" help:"${help_backup}"`
	Restore  restoreVerb  `cmd:"" help:"${help_restore}"`
	Verify   verifyVerb   `cmd:"" help:"${help_verify}"`
	Audit    auditVerb    `cmd:"" help:"${help_audit}"`
	Check    checkVerb    `cmd:"" help:"${help_check}"`
	Doctor   doctorVerb   `cmd:"" help:"${help_doctor}"`
	Film     filmVerb     `cmd:"" help:"${help_film}"`
	Refer    referVerb    `cmd:"" help:"${help_refer}"`
	Demo     demoVerb     `cmd:"" help:"${help_demo}"`

	Fingerprint fingerprintVerb `cmd:"" help:"${help_fingerprint}"`
	Match       matchVerb       `cmd:"" help:"${help_match}"`
	Reproduce   whyVerb         `cmd:"" name:"why" help:"${help_why_match}"`
}

func main() {
	contain.Main(pipeline.Ops())
	debug.SetMemoryLimit(pipeline.Memory)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run does one verb and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	var c cli
	text := phrase.For(language(args))
	vars := helpTexts(text)
	parser, err := kong.New(&c, kong.Name("tutela"), kong.Description(text.Text("help_tutela")), vars,
		kong.Writers(out, errw), kong.Exit(func(code int) { panic(status{code}) }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}), kong.Help(helpPrinter(text)))
	if err != nil {
		report(errw, text, err)
		return exitCode(err)
	}
	return guarded(func() error {
		k, err := parser.Parse(args)
		if err != nil {
			return fault.Hint(fault.New(fault.Invalid, "%w", err), text.Text("hint.help"))
		}
		return k.Run(newApp(ctx, c.globals, in, out, errw))
	}, errw, text)
}

// helpTexts are the sentences that the tags of verbs and flags name. The parser
// looks at each of them for each flag, so there are no others among them.
func helpTexts(text *phrase.Catalog) kong.Vars {
	vars := kong.Vars(text.All())
	maps.DeleteFunc(vars, func(key, _ string) bool { return !strings.HasPrefix(key, "help_") })
	return vars
}

// guarded turns kong's wish to exit (after --help) into an exit code.
func guarded(do func() error, errw io.Writer, text *phrase.Catalog) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case status:
			code = p.code
		default:
			panic(p)
		}
	}()
	err := do()
	report(errw, text, err)
	return exitCode(err)
}

// language finds the language before the flags are parsed, for the help texts.
func language(args []string) string {
	for i, a := range args {
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
		if len(a) > 7 && a[:7] == "--lang=" {
			return a[7:]
		}
	}
	if l := os.Getenv("TUTELA_LANG"); l != "" {
		return l
	}
	return os.Getenv("LANG")
}
