// Writes the Node package of a schema, as `pulumi package gen-sdk --language nodejs` of the same version does.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var spec schema.PackageSpec
	must(json.Unmarshal(text, &spec))
	languages := map[string]schema.Language{"nodejs": nodejs.Importer}
	bound, err := schema.ImportSpec(spec, languages, schema.NewNullLoader(), schema.ValidationOptions{})
	must(err)
	files, err := nodejs.GeneratePackage("plumbline", bound, nil, nil, false, nil)
	must(err)
	for name, content := range files {
		path := filepath.Join(os.Args[2], name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, content, 0o644))
	}
}
