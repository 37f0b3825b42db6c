using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Local.Commands;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Identity;

public sealed class UserCommandTests
{
    private static readonly TenantId Local = new(LocalUsers.Tenant);

    [Fact]
    public void Add_ASecondPerson_IsThereBesideTheFirst()
    {
        using var directory = Directory();
        var output = new StringWriter();
        Assert.Equal(0, UserCommand.Add("bea", directory.Path, ["admin"], ["sre"], output));
        var users = LocalUsers.Load(directory.Path);
        Assert.NotNull(users.Find(Local, "ana"));
        var bea = users.Find(Local, "bea");
        Assert.Equal(["admin"], bea!.Roles);
        Assert.Equal(["sre"], bea.Groups);
        Assert.True(bea.PasswordHash!.Verify(output.ToString().Split("password ")[1].Split(' ')[0]));
    }

    [Fact]
    public void Add_TakenOrUnfit_ChangesNothing()
    {
        using var directory = Directory();
        Assert.Equal(1, UserCommand.Add("ana", directory.Path, [], [], TextWriter.Null));
        Assert.Throws<InvalidDataException>(() => UserCommand.Add("ANA", directory.Path, [], [], TextWriter.Null));
        Assert.Throws<InvalidDataException>(() => UserCommand.Add("bea", directory.Path, ["root"], [], TextWriter.Null));
        Assert.Equal(1, UserCommand.Add("bea", Path.Combine(directory.Path, "none"), [], [], TextWriter.Null));
        Assert.True(LocalUsers.Load(directory.Path).Find(Local, "ana")!.PasswordHash!.Verify("secret"));
        Assert.Null(LocalUsers.Load(directory.Path).Find(Local, "bea"));
    }

    private static TempDirectory Directory()
    {
        var directory = new TempDirectory();
        System.IO.Directory.CreateDirectory(directory.Path);
        LocalUsers.Write(directory.Path, [new NewUser("ana", "Ana", ["admin"], [], "secret")]);
        return directory;
    }
}
