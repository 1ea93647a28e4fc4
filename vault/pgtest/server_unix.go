//go:build unix

package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// keeper is the parent of the server. Its standard input is a pipe that the
// test process holds: when the process ends, in whatever way, read returns, and
// the keeper stops the server by its pid and removes its folder. The server
// does without fsync: what is killed in tests are its clients.
const keeper = `
"$1" -D "$2/data" -k "$2" -c listen_addresses= -c unix_socket_permissions=0700 \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
  -c shared_buffers=32MB -c max_connections=100 -c logging_collector=off </dev/null &
pid=$!
read never
kill -QUIT $pid
wait $pid
cd /
rm -rf "$2"
`

// start makes a cluster in a temporary folder and starts a server on it.
func start() (string, error) {
	initdb, err := program("initdb")
	if err != nil {
		return "", err
	}
	postgres, err := program("postgres")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("/tmp", "tutela-pg-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err == nil {
		err = initialise(initdb, dir, attr)
	}
	if err == nil {
		err = launch(postgres, dir, attr)
	}
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	u := url.URL{Scheme: "postgres", User: url.User("tutela"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String(), ready(u.String(), filepath.Join(dir, "log"))
}

// unprivileged gives the folder to the user postgres, or nobody, when we are
// root: the server refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is for the test only
	if os.Getuid() != 0 {
		return attr, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("no user to run PostgreSQL as: %w", err)
		}
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// initialise makes the cluster with a dictionary's order if the server can.
func initialise(initdb, dir string, attr *syscall.SysProcAttr) error {
	data := filepath.Join(dir, "data")
	args := []string{"-D", data, "-U", "tutela", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "--no-instructions"}
	var failed error
	for _, more := range [][]string{{"--locale-provider=icu", "--icu-locale=en-US"}, nil} {
		cmd := exec.Command(initdb, append(args[:len(args):len(args)], more...)...)
		cmd.Dir, cmd.SysProcAttr = dir, attr
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("initdb: %w: %s", err, out)
		os.RemoveAll(data)
	}
	return failed
}

func launch(postgres, dir string, attr *syscall.SysProcAttr) error {
	logFile, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", postgres, dir)
	cmd.Dir, cmd.SysProcAttr = dir, attr
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, logFile, logFile
	if err := cmd.Start(); err != nil {
		w.Close()
		return err
	}
	// Whoever waits keeps w from being collected, and so the pipe open.
	go func() {
		cmd.Wait()
		w.Close()
	}()
	return nil
}

// ready waits until the server answers.
func ready(address, log string) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := command(address, "SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("the server does not answer: %w: %s", err, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
