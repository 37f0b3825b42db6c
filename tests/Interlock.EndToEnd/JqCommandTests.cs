namespace Interlock.EndToEnd;

public sealed class JqCommandTests
{
    [Fact]
    public async Task Jq_SeveralInputs_PrintsAResultALineAndExits0()
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("{\"a\":[1.0,2]} {\"a\":[]}\n{\"a\":[\"x\"]}", "jq", ".a[], (.a | length)");

        Assert.True(exit == 0, errors);
        Assert.Equal(["1.0", "2", "2", "0", "\"x\"", "1"], Lines(output));
    }

    [Fact]
    public async Task Jq_File_IsReadAndAFormatIsNoResponseFile()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "[\"é\",1]", TestContext.Current.CancellationToken);
            var (exit, output, _) = await InterlockProcess.RunAsync("jq", "@json", file);
            Assert.Equal(0, exit);
            Assert.Equal(["\"[\\\"é\\\",1]\""], Lines(output));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Jq_Error_ComesAfterTheResultsAndExits5()
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("1 2", "jq", "., error(\"no \\(.)\")");

        Assert.Equal(5, exit);
        Assert.Equal(["1", "2"], Lines(output));
        Assert.Equal(["jq: error: no 1", "jq: error: no 2"], Lines(errors));
    }

    [Theory]
    [InlineData("[range(1e12)]", "jq: error: The jq program ")]
    [InlineData("def f: f; f", "jq: error: The jq program takes more than ")]
    public async Task Jq_OverALimit_FailsTheExpression(string program, string message)
    {
        var (exit, _, errors) = await InterlockProcess.FeedAsync("1", "jq", program);

        Assert.Equal(5, exit);
        Assert.StartsWith(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jq_NoProgram_ShowsTheColumnAndExits3()
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("1", "jq", "1 +\n  foo(2)");

        Assert.Equal(3, exit);
        Assert.Equal("", output);
        Assert.Equal(["jq: error: foo/1 is not defined at line 2, column 3:", "foo(2)", "^"], Lines(errors));
    }

    [Fact]
    public async Task Jq_InputThatIsNoJson_IsToldAfterWhatCameBeforeIt()
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("1 [2", "jq", ".");

        Assert.Equal(5, exit);
        Assert.Equal(["1"], Lines(output));
        Assert.Equal(["jq: parse error: Unfinished JSON term at EOF at line 1, column 4"], Lines(errors));
    }

    [Fact]
    public async Task Jq_HaltError_PrintsItsInputAndExitsAsItSays()
    {
        var (exit, output, errors) = await InterlockProcess.FeedAsync("1 2", "jq", "., (\"stop\" | halt_error(7))");

        Assert.Equal(7, exit);
        Assert.Equal(["1"], Lines(output));
        Assert.Equal(["stop"], Lines(errors));
    }

    [Theory]
    [InlineData("jq")]
    [InlineData("jq", ".", "/no/such/file")]
    [InlineData("jq", ".", "one", "two")]
    [InlineData("check", "--data")]
    public async Task CommandLine_ThatCannotBeRead_Exits2(params string[] arguments)
    {
        var (exit, output, errors) = await InterlockProcess.RunAsync(arguments);

        Assert.Equal(2, exit);
        Assert.DoesNotContain("null", output, StringComparison.Ordinal);
        Assert.NotEqual("", errors);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
