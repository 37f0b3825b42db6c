using Azure;
using Interlock.Functions.Storage;

namespace Interlock.Tests.Azure.Storage;

public sealed class MemoryTableServiceTests : TableServiceRules
{
    private protected override TestTableService Service { get; } = new MemoryTableService();

    /// <summary>These rules Azurite lacks: <see cref="AzuriteTableServiceTests.Gaps_OfAzurite_AreThese"/>.</summary>
    [Fact]
    public async Task Rules_AzuriteLacks_AreHeld()
    {
        await CreateAsync();
        await Submit(Add("p", "a", Properties(252, 1)), Add("p", "b", Properties(15, 32 * 1024)));
        Assert.Equal((400, "TooManyProperties", 0), await Refusal([Add("p", "c", Properties(253, 1))]));
        Assert.Equal((400, "EntityTooLarge", 0), await Refusal([Add("p", "c", Properties(16, 32 * 1024))]));
        Assert.Equal((400, "CommandsInBatchActOnDifferentPartitions", 1), await Refusal([Add("p", "c"), Add("q", "d")]));
        Assert.Equal(400, (await Assert.ThrowsAsync<RequestFailedException>(() => Sizes("PartitionKey eq 'p'", 1001))).Status);
    }
}

[Collection("azurite")]
public sealed class AzuriteTableServiceTests(Azurite azurite) : TableServiceRules, IAsyncLifetime
{
    private RestTableService? _service;

    private protected override TestTableService Service => _service!; // initialized before each test

    public async ValueTask InitializeAsync() => _service = new RestTableService(await azurite.TablesAsync(), azurite.UniqueName());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Rules of the service that Azurite lacks. Should it get one, this fails, and the rule goes to the cases that both run.</summary>
    [Fact]
    public async Task Gaps_OfAzurite_AreThese()
    {
        await CreateAsync();
        await Submit(Add("p", "a", Properties(253, 1)));
        await Submit(Add("p", "b", Properties(16, 32 * 1024)));
        await Submit(Add("p", "c"), Add("q", "d"));
        Assert.Equal([3], await Sizes("PartitionKey eq 'p'", 1001));
    }
}

public sealed class RepeatedWriteTests : RepeatedWriteContract
{
    private readonly MemoryTableService _service = new();

    private protected override TestTableService Service => _service;

    private protected override TableStore Other => new(_service.Beside());
}

[Collection("azurite")]
public sealed class AzuriteRepeatedWriteTests(Azurite azurite) : RepeatedWriteContract, IAsyncLifetime
{
    private RestTableService? _service;
    private RestTableService? _other;

    private protected override TestTableService Service => _service!; // initialized before each test

    private protected override TableStore Other => new(_other!); // likewise

    public async ValueTask InitializeAsync()
    {
        var (endpoint, prefix) = (await azurite.TablesAsync(), azurite.UniqueName());
        (_service, _other) = (new RestTableService(endpoint, prefix), new RestTableService(endpoint, prefix));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
