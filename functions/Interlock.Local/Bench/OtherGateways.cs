using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Interlock.Local.Bench;

/// <summary>
/// The other gateways, and a server on the official TypeScript SDK, from a folder with their npm packages; and nginx from the path. What is not there is left out. They
/// neither authenticate nor decide nor record: the report's reader must know.
/// </summary>
/// <param name="npm">The folder with <c>node_modules</c>, or null.</param>
/// <param name="directory">Where configurations and scripts are put.</param>
internal sealed class OtherGateways(string? npm, string directory)
{
    private const string Scripts = "bench/";

    /// <summary>The server on the TypeScript SDK, or null.</summary>
    public async Task<(BenchProcess Process, Uri Url, string Version)?> ServerAsync(CancellationToken cancellationToken)
    {
        if (Version("@modelcontextprotocol/sdk") is not { } version) return null;
        var (process, port) = await NodeAsync("the TypeScript server", port => [Script("echo.mjs"), port], cancellationToken);
        return (process, new Uri($"http://127.0.0.1:{port}/mcp"), version);
    }

    public async Task<BenchTarget?> McpProxyAsync(Uri upstream, string baseline, CancellationToken cancellationToken)
    {
        if (Version("mcp-proxy") is not { } version) return null;
        var (process, port) = await NodeAsync("mcp-proxy", port => [Script("mcp-proxy.mjs"), port, upstream.ToString()], cancellationToken);
        return new BenchTarget($"mcp-proxy {version}", new Uri($"http://127.0.0.1:{port}/mcp"), EchoServer.Tool, process, baseline) { IsGateway = true };
    }

    /// <summary>It bridges to a process over standard input and output, one for each session: the server behind it is another than the others'.</summary>
    public async Task<BenchTarget?> SupergatewayAsync(string baseline, CancellationToken cancellationToken)
    {
        if (Version("supergateway") is not { } version) return null;
        var program = Path.Combine(npm!, "node_modules", "supergateway", "dist", "index.js"); // a version is read only where there is a folder
        var (process, port) = await NodeAsync(
            "supergateway",
            port => [program, "--stdio", $"node {Script("stdio-echo.mjs")}", "--outputTransport", "streamableHttp", "--stateful", "--port", port, "--logLevel", "none"],
            cancellationToken);
        return new BenchTarget($"supergateway {version} (stdio)", new Uri($"http://127.0.0.1:{port}/mcp"), EchoServer.Tool, process, baseline) { IsGateway = true };
    }

    public async Task<BenchTarget?> NginxAsync(Uri upstream, string baseline, CancellationToken cancellationToken)
    {
        if (Find("nginx") is not { } program) return null;
        var port = Text(BenchProcess.FreePort());
        var file = Path.Combine(directory, $"nginx-{port}.conf");
        var temporary = string.Join(' ', ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(kind => $"{kind}_temp_path {directory};"));
        await File.WriteAllTextAsync(
            file,
            $$"""
            daemon off; master_process off; pid {{directory}}/nginx-{{port}}.pid; error_log /dev/null crit;
            events { worker_connections 8192; }
            http {
              access_log off; keepalive_requests 1000000000; {{temporary}}
              upstream echo { server {{upstream.Authority}}; keepalive 64; keepalive_requests 1000000000; }
              server {
                listen 127.0.0.1:{{port}};
                location /mcp { proxy_pass http://echo{{upstream.AbsolutePath}}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
              }
            }
            """,
            cancellationToken);
        var start = new ProcessStartInfo(program, ["-p", directory, "-c", file]);
        var process = await BenchProcess.OtherAsync("nginx", start, int.Parse(port, CultureInfo.InvariantCulture), cancellationToken);
        return new BenchTarget("nginx", new Uri($"http://127.0.0.1:{port}/mcp"), EchoServer.Tool, process, baseline);
    }

    private static async Task<(BenchProcess Process, string Port)> NodeAsync(string name, Func<string, IEnumerable<string>> arguments, CancellationToken cancellationToken)
    {
        var port = Text(BenchProcess.FreePort());
        var start = new ProcessStartInfo(Find("node") ?? throw new BenchException("node is not on the path."), arguments(port));
        return (await BenchProcess.OtherAsync(name, start, int.Parse(port, CultureInfo.InvariantCulture), cancellationToken), port);
    }

    /// <summary>The script as a file beside a link to the packages, which is where node looks for them.</summary>
    private string Script(string name)
    {
        var packages = Path.Combine(directory, "node_modules");
        if (!Path.Exists(packages)) Directory.CreateSymbolicLink(packages, Path.GetFullPath(Path.Combine(npm!, "node_modules"))); // only asked for where there is a folder
        var file = Path.Combine(directory, name);
        using var source = typeof(OtherGateways).Assembly.GetManifestResourceStream(Scripts + name) ?? throw new InvalidOperationException($"The program lacks {Scripts}{name}.");
        using var target = File.Create(file);
        source.CopyTo(target);
        return file;
    }

    private string? Version(string package)
    {
        if (npm is null || Find("node") is null) return null;
        var file = Path.Combine(npm, "node_modules", package, "package.json");
        if (!File.Exists(file)) return null;
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return json.RootElement.GetProperty("version").GetString();
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program)).FirstOrDefault(File.Exists);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
