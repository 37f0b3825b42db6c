using System.Text.RegularExpressions;
using Interlock.Tests.Architecture;
using YamlDotNet.RepresentationModel;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>azure.yaml, the hooks and the guide, against the files and outputs they name.</summary>
public sealed class DeploymentTests
{
    private static readonly string[] _hooks = ["event-subscription", "mac-key"];

    private static readonly YamlMappingNode _azure = Load();

    [Fact]
    public void Project_Service_IsAFolderWithOneProject()
    {
        var (name, service) = Assert.Single(Map(_azure, "services").Children);
        var folder = Path.Combine(Assemblies.Repository, Text(service, "project"));

        Assert.Equal("functions", name.ToString());
        Assert.Equal("function", Text(service, "host"));
        Assert.Equal("dotnet", Text(service, "language"));
        Assert.Single(Directory.GetFiles(folder, "*.*proj"));
    }

    [Fact]
    public void Project_Infrastructure_IsThere()
    {
        var infra = Map(_azure, "infra");

        Assert.Equal("bicep", Text(infra, "provider"));
        Assert.Equal(BicepFile.Main.Path, Path.Combine(Assemblies.Repository, Text(infra, "path"), Text(infra, "module") + ".bicep"));
    }

    [Fact]
    public void Hooks_OnEverySystem_AreThere()
    {
        var hooks = Map(_azure, "hooks").Children.ToDictionary(hook => hook.Key.ToString(), hook => (YamlMappingNode)hook.Value);

        Assert.Equal(["postdeploy", "postprovision"], hooks.Keys.Order());
        Assert.All(hooks.Values, hook =>
        {
            var (posix, windows) = (Text(hook["posix"], "run"), Text(hook["windows"], "run"));
            Assert.True(File.Exists(Path.Combine(Assemblies.Repository, posix)));
            Assert.True(File.Exists(Path.Combine(Assemblies.Repository, windows)));
            Assert.Equal(("sh", "pwsh"), (Text(hook["posix"], "shell"), Text(hook["windows"], "shell")));
            Assert.Equal(Path.ChangeExtension(posix, null), Path.ChangeExtension(windows, null));
        });
    }

    [Fact]
    public void Hooks_BothOfAPair_ReadTheSameOutputs() => Assert.All(_hooks, hook =>
    {
        var read = Outputs(Hook(hook, ".sh"));

        Assert.NotEmpty(read);
        Assert.Equal(read, Outputs(Hook(hook, ".ps1")));
        Assert.Empty(read.Except(BicepFile.Main.Outputs.Keys));
    });

    [Fact]
    public void EventSubscriptionHook_Template_GetsItsParameters() => Assert.All([".sh", ".ps1"], suffix => Assert.Equal(
        BicepFile.Named("event-subscription.bicep").Parameters.Keys.Order(),
        Regex.Matches(Hook("event-subscription", suffix), @"\b(\w+Name)=").Select(at => at.Groups[1].Value).Order()));

    [Fact]
    public void Guide_EveryVariable_IsExplained()
    {
        var guide = File.ReadAllText(Path.Combine(Assemblies.Repository, "docs", "deploy.md"));
        var variables = Regex.Matches(File.ReadAllText(Path.Combine(BicepFile.Folder, "main.parameters.json")), @"\$\{(INTERLOCK_\w+)").Select(at => at.Groups[1].Value).ToArray();

        Assert.NotEmpty(variables);
        Assert.All(variables, name => Assert.Contains($"`{name}`", guide, StringComparison.Ordinal));
        Assert.Empty(Regex.Matches(guide, @"INTERLOCK_\w+").Select(at => at.Value).Except(variables).Except(BicepFile.Main.Outputs.Keys));
    }

    private static string Hook(string name, string suffix) => File.ReadAllText(Path.Combine(Assemblies.Repository, "infra", "hooks", name + suffix));

    private static string[] Outputs(string hook) => [.. Regex.Matches(hook, @"AZURE_\w+").Select(at => at.Value).Distinct().Order(StringComparer.Ordinal)];

    private static YamlMappingNode Map(YamlNode node, string key) => (YamlMappingNode)node[key];

    private static string Text(YamlNode node, string key) => ((YamlScalarNode)node[key]).Value!;

    private static YamlMappingNode Load()
    {
        using var reader = File.OpenText(Path.Combine(Assemblies.Repository, "azure.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }
}
