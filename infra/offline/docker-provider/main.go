// Command pulumi-resource-docker is Pulumi's provider plugin for Docker without docker.Image (which needs BuildKit):
// the Terraform provider for Docker behind Pulumi's bridge, with the tokens and property names of @pulumi/docker.
package main

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	tfshim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

const (
	// What @pulumi/docker calls those resources whose Terraform name it doesn't keep.
	configName = "ServiceConfig"
	imageName  = "RemoteImage"
)

// version is that of the @pulumi/docker that this plugin answers to. Set at link time.
var version = "0.0.0-unset"

// upperCamel turns a Terraform name (registry_image) into a Pulumi one (RegistryImage).
func upperCamel(name string) string {
	parts := strings.Split(name, "_")
	for i, part := range parts {
		parts[i] = strings.ToUpper(part[:1]) + part[1:]
	}
	return strings.Join(parts, "")
}

func pulumiName(terraformName string) string {
	switch terraformName {
	case "docker_config":
		return configName
	case "docker_image":
		return imageName
	}
	return upperCamel(strings.TrimPrefix(terraformName, "docker_"))
}

func member(name string) tokens.ModuleMember {
	return tokens.ModuleMember("docker:index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name)
}

func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(shim.New(version)),
		Name:        "docker",
		Version:     version,
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				ComputeDefault: func(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
					return "unix:///var/run/docker.sock", nil
				},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
	}
	info.P.ResourcesMap().Range(func(name string, _ tfshim.Resource) bool {
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: tokens.Type(member(pulumiName(name)))}
		return true
	})
	info.P.DataSourcesMap().Range(func(name string, _ tfshim.Resource) bool {
		token := member("get" + pulumiName(name))
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: token}
		return true
	})
	// The published package keeps these in the singular (or as they are), where the bridge would make a plural.
	container := info.Resources["docker_container"]
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info.Resources["docker_image"].Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}
	const longestName, separator = 255, "-"
	info.SetAutonaming(longestName, separator)
	return info
}

func main() {
	// Programs carry their own types (@pulumi/docker), so the schema names no more than the package.
	schema := []byte(`{"name":"docker","version":"` + version + `"}`)
	tfbridge.Main("docker", version, provider(), schema)
}
