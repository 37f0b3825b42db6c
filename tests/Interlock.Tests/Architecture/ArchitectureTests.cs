using System.Xml.Linq;

namespace Interlock.Tests.Architecture;

/// <summary>The shape of the code: who may know whom, what is pure, and where the one road to upstreams is.</summary>
public sealed class ArchitectureTests
{
    /// <summary>The port's signatures are asynchronous; nothing else in its file or beside it is.</summary>
    private static readonly string[] RunHostPort =
        ["Interlock.Core.Runs.IRunHost", "Interlock.Core.Runs.StartRun", "Interlock.Core.Runs.RunStart", "Interlock.Core.Runs.RunQuery", "Interlock.Core.Runs.RunSummary"];

    private static readonly string[] ImpureNamespaces = ["System.IO.", "System.Net.", "System.Threading.Tasks.", "Microsoft.Win32."];

    private static readonly string[] ImpureTypes =
    [
        "System.Random", "System.Security.Cryptography.RandomNumberGenerator", "System.Console", "System.TimeProvider", "System.Diagnostics.Stopwatch",
        "System.Diagnostics.Process", "System.Threading.Thread", "System.Threading.Timer", "System.Threading.ThreadPool", "System.Threading.CancellationToken",
        "System.Threading.SemaphoreSlim", "System.Threading.PeriodicTimer", "System.GC",
    ];

    private static readonly (string Type, string Member)[] ImpureMembers =
    [
        ("System.DateTime", "get_Now"), ("System.DateTime", "get_UtcNow"), ("System.DateTime", "get_Today"), ("System.DateTimeOffset", "get_Now"),
        ("System.DateTimeOffset", "get_UtcNow"), ("System.Guid", "NewGuid"), ("System.Guid", "CreateVersion7"),
    ];

    [Theory]
    [InlineData("functions/Interlock.Json/Interlock.Json.csproj")]
    [InlineData("functions/Interlock.Core/Interlock.Core.csproj", "Interlock.Json")]
    [InlineData("functions/Interlock.Http/Interlock.Http.csproj", "Interlock.Core")]
    [InlineData("functions/Interlock.Functions/Interlock.Functions.csproj", "AzureReference", "Interlock.Http")] // the former in place of the SDKs, where they can't be restored
    [InlineData("samples/DemoServers/DemoServers.csproj", "Interlock.Http")]
    [InlineData("functions/Interlock.Local/Interlock.Local.csproj", "DemoServers", "Interlock.Http")] // `interlock demo` starts the demo servers in its process
    public void Projects_Reference_OnlyTheNextOneInward(string project, params string[] references)
    {
        var document = XDocument.Load(Path.Combine(Assemblies.Repository, project));
        var actual = document.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))); // a reference includes
        Assert.Equal(references, actual.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Interlock.Json")]
    [InlineData("Interlock.Core", "Interlock.Json")]
    [InlineData("Interlock.Http", "Interlock.Core", "Interlock.Json")]
    [InlineData("Interlock.Functions", "Interlock.Core", "Interlock.Http", "Interlock.Json")]
    [InlineData("interlock", "DemoServers", "Interlock.Core", "Interlock.Http", "Interlock.Json")]
    public void Assemblies_Reference_OnlyInward(string assembly, params string[] allowed)
    {
        var ours = Assemblies.ReferencesOf(assembly).Where(name => name is "interlock" or "DemoServers" || name.StartsWith("Interlock.", StringComparison.Ordinal));
        Assert.Empty(ours.Except(allowed));
    }

    [Fact]
    public void Product_IsWhatTheFunctionsFolderHolds()
    {
        var projects = Directory.EnumerateFiles(Path.Combine(Assemblies.Repository, "functions"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => XDocument.Load(path).Descendants("AssemblyName").FirstOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(path));
        Assert.Equal(Assemblies.Product.Order(StringComparer.Ordinal), projects.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Interlock.Json")]
    [InlineData("Interlock.Core", "Polly.Core", "YamlDotNet")]
    public void InnerAssemblies_KnowNoHostNoHttpNoDatabase(string assembly, params string[] packages)
    {
        var outside = Assemblies.ReferencesOf(assembly).Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("Interlock.", StringComparison.Ordinal));
        Assert.Equal(packages, outside);
        Assert.DoesNotContain(Assemblies.ReferencesOf(assembly), name => name.StartsWith("System.Net", StringComparison.Ordinal) || name.StartsWith("System.Data", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Interlock.Json", "")]
    [InlineData("Interlock.Core", "Interlock.Core.Runs.")]
    public void PureCode_MentionsNoOutsideWorld(string assembly, string prefix)
    {
        var uses = Assemblies.Uses(assembly).Where(use => use.From.StartsWith(prefix, StringComparison.Ordinal) && !RunHostPort.Contains(use.From)).ToList();
        Assert.True(uses.Count > 1000, "The scan saw next to nothing.");
        Assert.DoesNotContain(uses, IsImpure);
    }

    [Fact]
    public void PureCode_ScanSeesImpurityWhereItIs()
    {
        var impure = Assemblies.Uses("Interlock.Core").Where(IsImpure).Select(use => use.From).ToHashSet();
        Assert.Contains("Interlock.Core.Runs.IRunHost", impure);
        Assert.Contains("Interlock.Core.Gateway.ToolGateway", impure);
        Assert.Contains("Interlock.Core.Registry.RegistryDesk", impure);
    }

    [Fact]
    public void Upstreams_AreInvokedFromOnePlace()
    {
        var callers = Assemblies.Product.SelectMany(Assemblies.Uses)
            .Where(use => use.Member == "InvokeAsync" && (use.Type == "Interlock.Core.Gateway.IUpstream" || use.Type.StartsWith("Interlock.Http.Upstreams.", StringComparison.Ordinal)))
            .Select(use => use.From)
            .Where(from => !from.StartsWith("Interlock.Http.Upstreams.", StringComparison.Ordinal));
        Assert.Equal(["Interlock.Core.Gateway.Stages.InvokeStage"], callers.Distinct());
    }

    [Fact]
    public void InvokeStage_IsUsedByTheGatewayOnly()
    {
        var users = Assemblies.Product.SelectMany(Assemblies.Uses).Where(use => use.Type == "Interlock.Core.Gateway.Stages.InvokeStage").Select(use => use.From);
        Assert.Equal(["Interlock.Core.Gateway.Stages.FollowStage", "Interlock.Core.Gateway.Stages.InvokeStage", "Interlock.Core.Gateway.ToolGateway"], users.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Requests_LeaveThroughTheEgressHandlerOnly()
    {
        var makers = Assemblies.Product.SelectMany(Assemblies.Uses)
            .Where(use => use is { Type: "System.Net.Http.SocketsHttpHandler" or "System.Net.Http.HttpClientHandler" or "System.Net.Sockets.Socket" or "System.Net.Sockets.TcpClient" or "System.Net.WebClient", Member: ".ctor" })
            .Select(use => use.From)
            .Where(from => !from.StartsWith("Interlock.Local.Bench.", StringComparison.Ordinal)); // it plays clients and other gateways, against processes of its own
        // The demo's person is no part of the product's work: it plays the browser that signs in to this process and decides.
        Assert.Equal(["Interlock.Http.Upstreams.EgressHandler", "Interlock.Local.Demo.DemoPerson"], makers.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Workflows", "Runs Gateway Registry Approvals Audit Storage Identity Intake Notices Execution")]
    [InlineData("Runs", "Gateway Registry Approvals Audit Storage Intake Notices Execution")]
    [InlineData("Policy", "Gateway Registry Approvals Audit Storage Runs Workflows Intake Notices Execution")]
    [InlineData("Storage", "Gateway Registry Approvals Audit Runs Workflows Policy Identity Intake Notices Execution")]
    [InlineData("Identity", "Gateway Registry Approvals Audit Runs Workflows Policy Storage Intake Notices Execution")]
    [InlineData("Approvals", "Gateway Registry Audit Intake Notices Execution")]
    [InlineData("Audit", "Gateway Registry Approvals Intake Notices Execution")]
    [InlineData("Gateway", "Intake Execution")]
    [InlineData("Notices", "Gateway Registry Workflows Intake Execution")]
    [InlineData("Registry", "Intake Notices Execution")]
    public void Namespaces_KnowOnlyWhatIsInward(string space, string unknown)
    {
        var prefix = $"Interlock.Core.{space}.";
        var uses = Assemblies.Uses("Interlock.Core").Where(use => use.From.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(uses);
        var broken = uses.Where(use => unknown.Split(' ').Any(other => use.Type.StartsWith($"Interlock.Core.{other}.", StringComparison.Ordinal)))
            .Select(use => $"{use.From} -> {use.Type}").Distinct().Order(StringComparer.Ordinal);
        Assert.Empty(broken);
    }

    private static bool IsImpure(Use use) =>
        ImpureNamespaces.Any(space => use.Type.StartsWith(space, StringComparison.Ordinal))
        || ImpureTypes.Contains(use.Type)
        || use is { Type: "System.Environment", Member: not (null or "get_CurrentManagedThreadId") } // iterators ask for their thread
        || ImpureMembers.Any(member => member.Type == use.Type && member.Member == use.Member);
}
