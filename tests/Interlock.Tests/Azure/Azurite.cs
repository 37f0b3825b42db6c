using System.Diagnostics;

namespace Interlock.Tests.Azure;

/// <summary>
/// Azurite in a process of its own, on loopback, on ports that it picks, in memory. Started when a test first asks; the tests of
/// collection <c>azurite</c> share one.
/// </summary>
public sealed class Azurite : IAsyncDisposable
{
    public const string Account = "devstoreaccount1";

    /// <summary>The emulator's published key: Azurite accepts no other by default.</summary>
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan _startTime = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<string, Uri> _endpoints = [];
    private Process? _process;
    private int _names;

    public async Task<Uri> TablesAsync() => (await StartAsync())["Table"];

    public async Task<Uri> BlobsAsync() => (await StartAsync())["Blob"];

    /// <summary>A name that no other test of this process has.</summary>
    public string UniqueName() => $"t{Interlocked.Increment(ref _names):D4}";

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        _gate.Dispose();
    }

    private async Task<Dictionary<string, Uri>> StartAsync()
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_process is null) await StartProcessAsync();
            return _endpoints;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task StartProcessAsync()
    {
        var script = Path.Combine(Tools.Folder("azurite"), "node_modules", "azurite", "dist", "src", "azurite.js");
        var start = new ProcessStartInfo(Tools.Program("node"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        string[] arguments =
        [
            script, "--blobPort", "0", "--queuePort", "0", "--tablePort", "0", "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
            "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck",
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var errors = new List<string>();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("Azurite ended before it listened."));
        process.OutputDataReceived += (_, line) => Read(line.Data, ready);
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors) errors.Add(line.Data ?? "");
        };
        process.Start();
        _process = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await ready.Task.WaitAsync(_startTime, TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            lock (errors) throw new InvalidOperationException($"Azurite did not start: {e.Message} {string.Join('\n', errors)}", e);
        }
    }

    /// <summary>"Azurite Table service is successfully listening at http://127.0.0.1:1234", once for each of three services.</summary>
    private void Read(string? line, TaskCompletionSource ready)
    {
        if (line?.Split(" service is successfully listening at ") is not [var service, var address]) return;
        lock (_endpoints)
        {
            _endpoints[service.Split(' ')[^1]] = new Uri($"{address.Trim()}/{Account}");
            if (_endpoints.Count == 3) ready.TrySetResult();
        }
    }
}

[CollectionDefinition("azurite")]
public sealed class AzuriteCollection : ICollectionFixture<Azurite>;
