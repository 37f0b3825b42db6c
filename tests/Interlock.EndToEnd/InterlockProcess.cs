using System.Diagnostics;
using System.Text;

namespace Interlock.EndToEnd;

/// <summary>The real program in a process of its own; killed without ceremony when disposed.</summary>
internal sealed class InterlockProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Lock _lock = new();
    private event Action? Printed;

    private InterlockProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Append(_output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(_errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_lock) return _output.ToString();
        }
    }

    public string Errors
    {
        get
        {
            lock (_lock) return _errors.ToString();
        }
    }

    public static InterlockProcess Start(params string[] arguments) => StartProgram("interlock.dll", arguments);

    /// <summary>Another program that stands beside the tests.</summary>
    public static InterlockProcess StartProgram(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, program));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return new InterlockProcess(Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start."));
    }

    /// <summary>Runs to the end.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => FeedAsync("", arguments);

    /// <summary>Runs to the end on this standard input.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> FeedAsync(string input, params string[] arguments)
    {
        await using var process = Start(arguments);
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        await process._process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process._process.ExitCode, process.Output, process.Errors);
    }

    /// <summary>The first line with this text.</summary>
    public async Task<string> WaitForLineAsync(string text)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            if (Output.Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } line) found.TrySetResult(line);
            else if (_process.HasExited) found.TrySetException(new InvalidOperationException($"The process ended with {_process.ExitCode}: {Output}{Errors}"));
        }
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => Look();
        Printed += Look;
        Look();
        return await found.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    /// <summary>Writes a line and waits for the answer.</summary>
    public async Task AskAsync(string line, string answer)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await WaitForLineAsync(answer);
    }

    /// <summary>Writes a line and waits for the end; its exit code.</summary>
    public async Task<int> EndAsync(string line)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
        }
        catch (IOException)
        {
            // It is gone already.
        }
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private void Append(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (_lock) text.Append(line).Append('\n');
        Printed?.Invoke();
    }
}
