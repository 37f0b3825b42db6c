using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Interlock.Json;
using Interlock.Tests.Architecture;

namespace Interlock.Tests.Agents;

/// <summary>An agent built with the published npm SDK, as its own process on loopback.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http = new();

    private AgentProcess(Process process, int port) => (_process, Address) = (process, new Uri($"http://127.0.0.1:{port}/a2a"));

    public Uri Address { get; }

    /// <param name="version">The version of A2A it speaks.</param>
    /// <param name="mode">What its card says that it can: <c>stream</c>, <c>push</c>.</param>
    public static Task<AgentProcess> StartAsync(string version = "1.0", string mode = "") => StartAsync(
        Path.Combine(Assemblies.Repository, "tests", "Interlock.Tests", "Agents", "agent.cjs"), [], ("A2A", version), ("MODE", mode));

    public static async Task<AgentProcess> StartAsync(string script, string[] arguments, params (string Name, string Value)[] environment)
    {
        var modules = Path.Combine(Tools.Folder("agents"), "node_modules");
        var port = FreePort();
        var start = new ProcessStartInfo(Tools.Program("node"), [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["NODE_PATH"], start.Environment["PORT"]) = (modules, $"{port}");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var agent = new AgentProcess(Process.Start(start)!, port); // a new process
        var said = new Queue<string>();
        agent._process.OutputDataReceived += (_, line) => { }; // a full pipe would stop it
        agent._process.ErrorDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        agent._process.BeginOutputReadLine();
        agent._process.BeginErrorReadLine();
        var watch = Stopwatch.StartNew();
        while (!await ListensAsync(port))
        {
            if (agent._process.HasExited || watch.Elapsed > TimeSpan.FromSeconds(60)) Assert.Fail($"{script} does not listen: {string.Join('\n', said)}");
        }
        return agent;
    }

    /// <summary>What happened to it.</summary>
    public async Task<IReadOnlyList<JsonValue>> SeenAsync() =>
        [.. StrictJson.ParseLenient(await _http.GetByteArrayAsync(new Uri(Address, "/seen"), TestContext.Current.CancellationToken)).Items];

    /// <summary>What happened to it, once that did.</summary>
    public async Task<JsonValue> SawAsync(string what)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if ((await SeenAsync()).FirstOrDefault(seen => seen["event"]?.AsString() == what) is { } seen) return seen;
            if (watch.Elapsed > TimeSpan.FromSeconds(30)) Assert.Fail($"The agent saw no {what}.");
            await Task.Delay(20, TestContext.Current.CancellationToken); // another process's doing is nothing that could be waited for
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken); // as above
            return false;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
