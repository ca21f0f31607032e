package run

import (
	"fmt"
	"os"
)

// diskBytes is the size of the spool's disk: more than a run needs, little enough to be filled in a moment.
const diskBytes = 64 << 20

// disk is a small file system for the intake's spool, so that it can be full. Mounting one takes root and Linux.
type disk struct {
	dir     string
	mounted bool
	notes   []string
}

func newDisk(dir string) *disk {
	d := &disk{dir: dir}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = mount(dir, diskBytes)
	}
	if err != nil {
		d.notes = append(d.notes, fmt.Sprintf("no full disk: a small file system could not be mounted (%v)", err))
		return d
	}
	d.mounted = true
	return d
}

func (d *disk) unmount() error {
	if !d.mounted {
		return nil
	}
	d.mounted = false
	return unmount(d.dir)
}
