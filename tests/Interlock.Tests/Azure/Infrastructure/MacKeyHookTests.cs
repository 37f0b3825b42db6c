using System.Diagnostics;
using Interlock.Tests.Architecture;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>The postprovision hook, run with a stand-in for the Azure command line that keeps what it is given.</summary>
public sealed class MacKeyHookTests : IDisposable
{
    private const string Az = """
        #!/bin/sh
        case "$*" in
          *"secret list"*) [ -f key ] && echo mac-key; exit 0 ;;
          *"secret set"*)
            case "$*" in *"--output none"*) quiet=1 ;; esac
            while [ "$1" != --file ]; do shift; done
            stat -c %a "$2" > mode; cp "$2" key; echo "$2" > place
            [ -n "$quiet" ] || cat key ;;
          *"functionapp show"*) echo /subscriptions/s/app ;;
          *rest*) echo "$*" > rest ;;
        esac
        """;

    private readonly TempDirectory _folder = new();

    public MacKeyHookTests() => Directory.CreateDirectory(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Hook_NoKey_MakesOneOf32Bytes()
    {
        Run();

        Assert.Equal(32, Convert.FromBase64String(Kept("key")).Length);
        Assert.Equal("600", Kept("mode").Trim());
        Assert.False(File.Exists(Kept("place").Trim()));
        Assert.Contains("/subscriptions/s/app/config/configreferences/appsettings/refresh", Kept("rest"), StringComparison.Ordinal);
    }

    [Fact]
    public void Hook_KeyThere_LeavesIt()
    {
        Run();
        var first = Kept("key");

        Run();

        Assert.Equal(first, Kept("key"));
    }

    private string Kept(string name) => File.ReadAllText(Path.Combine(_folder.Path, name));

    private void Run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The hook for Windows is another script.");
        var az = Path.Combine(_folder.Path, "az");
        File.WriteAllText(az, Az.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        var start = new ProcessStartInfo("sh", [Path.Combine(Assemblies.Repository, "infra", "hooks", "mac-key.sh")])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["AZURE_KEY_VAULT_NAME"] = "kv";
        start.Environment["AZURE_RESOURCE_GROUP"] = "rg";
        start.Environment["AZURE_FUNCTION_APP_NAME"] = "func";

        using var hook = Process.Start(start) ?? throw new InvalidOperationException("sh does not start.");
        var printed = hook.StandardOutput.ReadToEnd() + hook.StandardError.ReadToEnd();
        hook.WaitForExit();

        Assert.Equal(0, hook.ExitCode);
        Assert.DoesNotContain(Kept("key"), printed, StringComparison.Ordinal);
    }
}
