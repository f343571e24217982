// Command etcd is etcd of the go.etcd.io/etcd/server/v3 module that go.mod pins.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
