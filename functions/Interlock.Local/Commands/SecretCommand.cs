using System.CommandLine;
using Interlock.Core.Identity;

namespace Interlock.Local.Commands;

/// <summary><c>interlock secret set NAME --data DIR</c>: keeps a secret, read from stdin, that registrations of servers name.</summary>
internal static class SecretCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What registrations call it: lower-case letters, digits and dashes." };
        var data = new Option<string>("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
        var set = new Command("set", "Keep a secret, read from standard input.") { name, data };
        set.SetAction((parsed, cancellation) => SetAsync(parsed.GetRequiredValue(name), parsed.GetValue(data)!, Console.In, cancellation)); // it has a default
        return new Command("secret", "Work with the secrets that servers are called with.") { set };
    }

    /// <summary>One line break at the end is no part of the secret.</summary>
    internal static async Task<int> SetAsync(string name, string data, TextReader input, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(data))
        {
            await Console.Error.WriteLineAsync($"There is no data directory '{Output.Plain(data)}'; 'interlock serve' creates one.");
            return Output.Failed;
        }
        var secret = await input.ReadToEndAsync(cancellationToken);
        secret = secret.EndsWith("\r\n", StringComparison.Ordinal) ? secret[..^2] : secret.EndsWith('\n') ? secret[..^1] : secret;
        new LocalSecrets(data).Set(name, secret);
        return Output.Ok;
    }
}
