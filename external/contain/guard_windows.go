package contain

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// guard is a job object: it ends the worker with its parent, and limits its
// memory and the number of its processes to itself.
type guard struct{ job windows.Handle }

func watch(p *os.Process, l Limits) (guard, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return guard{}, err
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: uintptr(l.Memory)}
	info.BasicLimitInformation.ActiveProcessLimit = 1
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
		windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY | windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		var h windows.Handle
		h, err = windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
		if err == nil {
			err = windows.AssignProcessToJobObject(job, h)
			windows.CloseHandle(h)
		}
	}
	if err != nil {
		windows.CloseHandle(job)
		return guard{}, err
	}
	return guard{job: job}, nil
}

func (g guard) release() {
	if g.job != 0 {
		windows.CloseHandle(g.job)
	}
}

func grant(*os.Process, time.Duration) error { return nil }

func outOfTime(*os.ProcessState) bool { return false }

// peak is not known here: the watchdog's exit status says what it saw.
func peak(*os.ProcessState) int64 { return 0 }
