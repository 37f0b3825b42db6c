using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;

namespace Interlock.Local.Bench;

/// <summary>A server of the benchmark in a process of its own. Disposing ends that process and what it started, by its id.</summary>
internal sealed class BenchProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly string _name;
    private readonly bool _isOwn;
    private readonly StringBuilder _errors = new();

    private BenchProcess(string name, ProcessStartInfo start, bool isOwn)
    {
        (_name, _isOwn) = (name, isOwn);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start) ?? throw new BenchException($"{name} did not start.");
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                if (e.Data is not null && _errors.Length < 4000) _errors.AppendLine(e.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>What its first line says after <c>ready</c>; nothing for programs that are not ours.</summary>
    public IReadOnlyList<string> Ready { get; private set; } = [];

    /// <summary>All processor time it took so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its resident memory in bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts this program in one of its roles.</summary>
    public static async Task<BenchProcess> OwnAsync(string name, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var program = Environment.ProcessPath ?? "dotnet";
        var start = new ProcessStartInfo(program);
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in (IEnumerable<string>)["bench", "role", .. arguments]) start.ArgumentList.Add(argument);
        var process = new BenchProcess(name, start, isOwn: true);
        process.Ready = await process.FirstLineAsync(cancellationToken);
        return process;
    }

    /// <summary>Starts another program and waits until it accepts connections at the port.</summary>
    public static async Task<BenchProcess> OtherAsync(string name, ProcessStartInfo start, int port, CancellationToken cancellationToken)
    {
        var process = new BenchProcess(name, start, isOwn: false);
        process._process.OutputDataReceived += (_, _) => { };
        process._process.BeginOutputReadLine();
        var began = Stopwatch.GetTimestamp();
        while (!await AcceptsAsync(port, cancellationToken))
        {
            if (process._process.HasExited || Stopwatch.GetElapsedTime(began) > Patience) throw process.Broken();
            await Task.Delay(50, cancellationToken);
        }
        return process;
    }

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Sends it a line and gives its answer.</summary>
    public async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw Broken();
    }

    /// <exception cref="BenchException">It is gone.</exception>
    public void ExpectAlive()
    {
        if (_process.HasExited) throw Broken();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(_isOwn ? Farewell : TimeSpan.Zero); // others don't listen
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }
        }
        _process.Dispose();
    }

    private async Task<IReadOnlyList<string>> FirstLineAsync(CancellationToken cancellationToken)
    {
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        return line?.Split(' ') is ["ready", .. var said] ? said : throw Broken();
    }

    private BenchException Broken()
    {
        lock (_errors)
            return new BenchException(string.Create(CultureInfo.InvariantCulture, $"{_name} (process {_process.Id}) does not do its part. {_errors}"));
    }

    private static async Task<bool> AcceptsAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
