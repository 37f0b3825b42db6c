using System.CommandLine;
using System.Security.Cryptography;
using Interlock.Core.Identity;

namespace Interlock.Local.Commands;

/// <summary><c>interlock user add NAME --roles … --groups … --data DIR</c>: a further person of the embedded host, with a password that is shown once.</summary>
internal static class UserCommand
{
    private const int PasswordBytes = 9;

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What the person signs in as." };
        var data = new Option<string>("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
        var roles = new Option<string[]>("--roles") { Description = $"Of {string.Join(", ", Roles.OfPeople.Order(StringComparer.Ordinal))}.", AllowMultipleArgumentsPerToken = true };
        var groups = new Option<string[]>("--groups") { Description = "The groups that policies and gates know the person by.", AllowMultipleArgumentsPerToken = true };
        var add = new Command("add", "Add a person; a host that runs knows it once it is started again.") { name, data, roles, groups };
        add.SetAction(parsed => Add(parsed.GetRequiredValue(name), parsed.GetValue(data)!, parsed.GetValue(roles) ?? [], parsed.GetValue(groups) ?? [], Console.Out)); // it has a default
        return new Command("user", "Work with the people of the embedded host.") { add };
    }

    internal static int Add(string name, string data, string[] roles, string[] groups, TextWriter output)
    {
        if (!LocalUsers.Exist(data))
        {
            Console.Error.WriteLine($"There are no users in '{Output.Plain(data)}'; 'interlock serve' creates the first one.");
            return Output.Failed;
        }
        var password = NewPassword();
        if (!LocalUsers.Add(data, new NewUser(name, name, roles, groups, password)))
        {
            Console.Error.WriteLine($"There is a user '{Output.Plain(name)}' already.");
            return Output.Failed;
        }
        output.WriteLine($"interlock: created the user '{Output.Plain(name)}' with the password {password} (shown once)");
        return Output.Ok;
    }

    /// <summary>A password that nobody chose.</summary>
    internal static string NewPassword() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes));
}
