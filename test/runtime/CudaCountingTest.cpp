// SPDX-License-Identifier: Apache-2.0
// Models that count, on CUDA devices.
#include "test/runtime/CudaCountingModel.h"
#include "test/runtime/CudaSession.h"

using namespace dlc::test;

TEST(Cuda, CountsWhileItRuns) {
  CudaCountingModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t size : {8, 4096, 1, 100})
    for (int64_t step : {1, 0, 3, 3, 5000}) {
      OwnedCountingTensors tensors(size, step);
      ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
      ASSERT_TRUE(tensors.isCorrect()) << size << " " << step;
    }
}

TEST(Cuda, CountsWithNothingEverBoundToTheOutput) {
  CudaCountingModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  OwnedCountingTensors tensors(10, 3);
  tensors.session = session;
  ASSERT_EQ(dlc_session_bind_input(session, 0, &tensors.input), DLC_OK);
  ASSERT_EQ(dlc_session_bind_output(session, 1, &tensors.total), DLC_OK);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(tensors.isCorrect());
  }
}

TEST(Cuda, FillsTheStartOfCountedTensors) {
  CudaCountingModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  CountingTensors tensors(10, 3);
  DLTensor outputs[] = {tensors.largest, tensors.total}, y = {};
  auto run = [&] {
    return dlc_session_run_tensors(session, &tensors.input, 1, outputs, 2,
                                   nullptr);
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(run(), DLC_OK) << dlc_last_error();
    ASSERT_EQ(dlc_session_output(session, 0, &y), DLC_OK);
    EXPECT_EQ(y.data, tensors.y.data());
    EXPECT_TRUE(tensors.isCorrect(y));
    EXPECT_EQ(tensors.y[4], 0);
  }

  Context context;
  DeviceTensor onDevice(tensors.largest, 40);
  outputs[0] = onDevice.tensor;
  ASSERT_EQ(run(), DLC_OK) << dlc_last_error();
  ASSERT_EQ(dlc_session_output(session, 0, &y), DLC_OK);
  EXPECT_EQ(y.device.device_type, kDLCUDA);
  EXPECT_EQ(reinterpret_cast<cuda::DevicePointer>(y.data), onDevice.address);
  onDevice.read(tensors.y.data());
  y.data = tensors.y.data();
  EXPECT_TRUE(tensors.isCorrect(y));

  // And in memory of the session's own again.
  OwnedCountingTensors owned(10, 2);
  ASSERT_EQ(owned.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(owned.isCorrect());
}

TEST(Cuda, RefusesCountsOutOfBoundsAndGoesOn) {
  CudaCountingModel model;
  model.dims[1].min = 3;
  Session session(model.model);
  ASSERT_WORKS(session);
  OwnedCountingTensors few(10, 9), many(10, 2);
  ASSERT_EQ(many.run(session), DLC_OK) << dlc_last_error();
  EXPECT_EQ(few.run(session), DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "model 'counting': count(x) is 2, not 3 to 10");
  DLTensor y;
  EXPECT_EQ(dlc_session_output(session, 0, &y), DLC_ERROR_UNBOUND);
  ASSERT_EQ(many.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(many.isCorrect());
}

TEST(Cuda, ProfilesWhatFollowsACount) {
  CudaCountingModel model;
  dlc_profile_event events[8];
  dlc_session_options options = onCuda();
  options.profile = events;
  options.profile_capacity = 8;
  Session session(model.model, options);
  ASSERT_WORKS(session);
  for (int64_t step : {1, 4}) {
    OwnedCountingTensors tensors(20, step);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(tensors.isCorrect());
    ASSERT_EQ(session.info().profile_events, 3u);
    for (uint64_t i = 0; i < 3; ++i)
      EXPECT_EQ(events[i].step, i);
  }
}
