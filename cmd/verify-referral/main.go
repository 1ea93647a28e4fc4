// Command verify-referral checks a referral package. It is written from
// docs/formats/referral.md and docs/formats/audit.md alone and shares no
// package with Tutela, so that two programs must be wrong in the same way
// before a changed package passes. It never opens an encrypted file and never
// writes anything.
//
//	verify-referral [--trust FILE] PACKAGE
//
// PACKAGE is a folder, a tar, or a sealed file (.gpg, .age) beside its .sig.
// Exit status: 0 intact and the signer is known, 10 altered, 11 intact but the
// signer is unknown, 2 wrong use or trust file, 3 cannot be read.
package main

import (
	"crypto/ed25519"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	exitKnown   = 0
	exitUsage   = 2
	exitUnread  = 3
	exitAltered = 10
	exitUnknown = 11
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process.
func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("verify-referral", flag.ContinueOnError)
	flags.SetOutput(errs)
	trustFile := flags.String("trust", "", "file of allowed signers whose signature counts as known")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(errs, "usage: verify-referral [--trust FILE] PACKAGE")
		return exitUsage
	}
	var known []ed25519.PublicKey
	if *trustFile != "" {
		text, err := os.ReadFile(*trustFile)
		if err == nil {
			known, err = readTrust(string(text))
		}
		if err != nil {
			fmt.Fprintln(errs, "verify-referral: trust:", err)
			return exitUsage
		}
	}
	found, err := look(flags.Arg(0))
	if err != nil {
		fmt.Fprintln(errs, "verify-referral:", err)
		return exitUnread
	}
	return found.print(out, known)
}

// verdict is everything that was found out.
type verdict struct {
	signer ed25519.PublicKey
	files  []string
	wrong  map[string][]string // by file; "" is the package as a whole
}

func (v *verdict) blame(name, why string, args ...any) {
	v.wrong[name] = append(v.wrong[name], fmt.Sprintf(why, args...))
}

// look verifies what is at path; an error means that it could not be read.
func look(path string) (*verdict, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	v := &verdict{wrong: map[string][]string{}}
	if info.IsDir() {
		b, err := readFolder(path, v)
		if err != nil {
			return nil, err
		}
		b.judge(v)
		return v, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if strings.HasSuffix(path, ".gpg") || strings.HasSuffix(path, ".age") {
		return v, lookSealed(path, f, v)
	}
	b := newBag()
	if err := b.readTar(f); err != nil {
		v.blame("", "%v", err)
	}
	b.judge(v)
	return v, nil
}

func lookSealed(path string, f io.Reader, v *verdict) error {
	sig, err := os.ReadFile(path + ".sig")
	if err != nil {
		return err
	}
	v.sealed(path, f, string(sig))
	return nil
}

// sealed verifies a sealed file by the signature beside it.
func (v *verdict) sealed(name string, f io.Reader, sig string) {
	v.files = []string{name}
	var err error
	if v.signer, err = checkSignature(f, sig); err != nil {
		v.blame(name, "%v", err)
	}
}

// print says yes or no for every file and returns the exit status.
func (v *verdict) print(out io.Writer, known []ed25519.PublicKey) int {
	for _, name := range v.files {
		if why := v.why(name); why != "" {
			fmt.Fprintf(out, "no   %s: %s\n", name, why)
		} else {
			fmt.Fprintf(out, "yes  %s\n", name)
		}
	}
	for _, why := range v.wrong[""] {
		fmt.Fprintln(out, "no  ", why)
	}
	for _, name := range slices.Sorted(maps.Keys(v.wrong)) {
		list := v.wrong[name]
		if name != "" && !contains(v.files, name) {
			fmt.Fprintf(out, "no   %s: %s\n", name, strings.Join(list, "; "))
		}
	}
	if len(v.wrong) > 0 {
		fmt.Fprintln(out, "ALTERED")
		return exitAltered
	}
	fmt.Fprintln(out, "signed by", keyLine(v.signer))
	for _, k := range known {
		if k.Equal(v.signer) {
			fmt.Fprintln(out, "INTACT, signer known")
			return exitKnown
		}
	}
	fmt.Fprintln(out, "INTACT, signer unknown")
	return exitUnknown
}

// why returns the reason for a no: the file's own, or that of what vouches for it.
func (v *verdict) why(name string) string {
	vouching := []string{name, "tagmanifest-sha512.txt.sig", "tagmanifest-sha512.txt", "signer.pub"}
	if strings.HasPrefix(name, "data/") {
		vouching = append(vouching, "manifest-sha512.txt")
	}
	for _, w := range vouching {
		if list := v.wrong[w]; len(list) > 0 {
			if w == name {
				return strings.Join(list, "; ")
			}
			return w + " is not valid"
		}
	}
	if len(v.wrong[""]) > 0 {
		return "the package as a whole is damaged"
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
