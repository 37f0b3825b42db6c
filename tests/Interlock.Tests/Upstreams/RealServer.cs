using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Interlock.Tests.Upstreams;

/// <summary>A published MCP server of npm, as its own process on loopback, ended with its children.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly Process _process;

    private RealServer(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>The one that shows everything there is in the protocol, over streamable HTTP with sessions.</summary>
    public static Task<RealServer> EverythingAsync(int? port = null) => StartAsync(_ => [Module("@modelcontextprotocol/server-everything/dist/index.js"), "streamableHttp"], port);

    /// <summary>The one of files, which speaks stdio, behind a published bridge to streamable HTTP.</summary>
    public static Task<RealServer> FilesAsync(string folder) => StartAsync(port =>
        [Module("supergateway/dist/index.js"), "--stdio", $"node {Module("@modelcontextprotocol/server-filesystem/dist/index.js")} {folder}", "--outputTransport", "streamableHttp", "--stateful", "--port", $"{port}"]);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Module(string path) => Path.Combine(Tools.Folder("servers"), "node_modules", path);

    private static async Task<RealServer> StartAsync(Func<int, string[]> arguments, int? wanted = null)
    {
        var port = wanted ?? FreePort();
        var start = new ProcessStartInfo("node", arguments(port)) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PORT"] = $"{port}";
        var server = new RealServer(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/mcp")); // a new process
        server._process.OutputDataReceived += (_, _) => { }; // a full pipe would stop it
        server._process.ErrorDataReceived += (_, _) => { };
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        var watch = Stopwatch.StartNew();
        while (!await ListensAsync(port))
        {
            if (server._process.HasExited || watch.Elapsed > TimeSpan.FromSeconds(60)) Assert.Fail($"{string.Join(' ', start.ArgumentList)} does not listen.");
        }
        return server;
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
            await Task.Delay(50, TestContext.Current.CancellationToken); // another process's start is nothing that could be waited for
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
